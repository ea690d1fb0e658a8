package signature

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
)

// Verifier finds out who vouches for images: one of the keys or, with a policy, what that
// asks for. It must not be changed after its first use, and may be used concurrently.
type Verifier struct {
	// Source is where the signatures are. With nil, only those in Kept count.
	Source Source
	// Kept are signatures from an earlier run.
	Kept []Signed
	// Keys are those of which one must vouch for an image. They are not used with Policy.
	Keys []Key
	// Policy says who must vouch for which image. It may be nil.
	Policy *Policy
	// ReadFile reads the key files that Policy names.
	ReadFile func(path string) ([]byte, error)

	mu    sync.Mutex
	found map[reference.Reference]*found // by repository and digest
}

// Image is an image of which the digests are known.
type Image struct {
	Reference reference.Reference
	// Index is the digest of the index that lists the manifests, or empty.
	Index digest.Digest
	// Name is what messages call the image; empty means its reference.
	Name string
	// Prefer is the fingerprint of the key that is to vouch for the image if several do.
	Prefer digest.Digest
	// Manifests are those of the platforms that matter. At least one of Index and
	// Manifests must be there.
	Manifests []digest.Digest
}

// Vouched is why an image is accepted.
type Vouched struct {
	// Key is the key that vouches for the image; its Fingerprint is empty if the policy
	// accepts the image without a signature. If a policy asks for several, it is the
	// first.
	Key Key
	// Signatures are those by which keys vouch for the image.
	Signatures []Signed
}

// Signed is a signature of a digest, which is not checked.
type Signed struct {
	Digest digest.Digest `json:"digest"`
	Signature
}

// UnsignedError says that an image is not signed by a key that vouches for it.
type UnsignedError struct {
	Name string // of the image
	// Offline reports whether no registry was asked.
	Offline bool
	// Found is the number of its signatures.
	Found int
	// Reasons say what is wrong with them, and what could not be read.
	Reasons []string
}

func (e *UnsignedError) Error() string {
	msg := e.Name + " is not signed"
	if e.Found > 0 {
		msg += " by a key that vouches for it"
	}
	switch {
	case len(e.Reasons) > 0:
	case e.Offline:
		return msg + ": no signature of it is kept on this machine"
	default:
		return msg + ": the registry shows no signature"
	}
	const most = 3
	shown := e.Reasons[:min(most, len(e.Reasons))]
	msg += ": " + strings.Join(shown, "; ")
	if more := len(e.Reasons) - len(shown); more > 0 {
		msg += fmt.Sprintf("; and %d more", more)
	}
	return msg
}

// RejectedError says that the policy does not accept an image, whoever signed it.
type RejectedError struct {
	Name  string // of the image
	Scope string // in the policy
	// Unchecked is what the policy asks for that this package does not check; empty if
	// the policy rejects the image.
	Unchecked string
}

func (e *RejectedError) Error() string {
	scope := e.Scope
	if scope == "" {
		scope = "the transport docker"
	}
	if e.Unchecked != "" {
		return fmt.Sprintf("%s: the policy for %s asks for %s, which is not checked here", e.Name, scope, e.Unchecked)
	}
	return fmt.Sprintf("%s is rejected by the policy for %s", e.Name, scope)
}

// Verify returns the key that vouches for the index of an image or, if none does, for
// each of its manifests.
//
// Errors: *[UnsignedError], *[RejectedError], *[KeyError], those of Source and of ReadFile.
func (v *Verifier) Verify(ctx context.Context, i Image) (Vouched, error) {
	rules, scope := []rule{{kind: sigstoreSigned}}, ""
	if v.Policy != nil {
		rules, scope = v.Policy.rulesFor(i.Reference)
	}
	i.Name = cmp.Or(i.Name, i.Reference.Familiar())
	var vouched Vouched
	for _, r := range rules {
		switch {
		case r.kind == reject, r.unchecked != "":
			return Vouched{}, &RejectedError{i.Name, scope, r.unchecked}
		case r.kind == acceptAnything:
			continue
		}
		keys, err := v.keys(r)
		if err != nil {
			return Vouched{}, err
		}
		key, signed, err := v.vouchFirst(ctx, i, keys, r.identity)
		if err != nil {
			return Vouched{}, err
		}
		if vouched.Key.Fingerprint == "" {
			vouched.Key = key
		}
		vouched.Signatures = append(vouched.Signatures, signed...)
	}
	return vouched, nil
}

// vouchFirst is vouch, with the preferred key before the others.
func (v *Verifier) vouchFirst(ctx context.Context, i Image, keys []Key, id identity) (Key, []Signed, error) {
	n := slices.IndexFunc(keys, func(k Key) bool { return k.Fingerprint == i.Prefer })
	if n >= 0 {
		key, signed, err := v.vouch(ctx, i, keys[n:n+1], id)
		if !errors.As(err, new(*UnsignedError)) {
			return key, signed, err
		}
	}
	return v.vouch(ctx, i, keys, id)
}

// keys returns the keys of a rule.
func (v *Verifier) keys(r rule) ([]Key, error) {
	if v.Policy == nil {
		return v.Keys, nil
	}
	return r.keys(v.ReadFile)
}

// vouch returns the key that vouches for an image as a rule asks for it, and the
// signatures by which it does.
func (v *Verifier) vouch(ctx context.Context, i Image, keys []Key, id identity) (Key, []Signed, error) {
	var tried []outcome
	if i.Index != "" {
		o := v.check(ctx, i, i.Index, keys, id)
		if o.ok {
			return o.key, []Signed{o.signed}, nil
		}
		tried = append(tried, o)
	}
	// One key for all platforms, since the image has one owner.
	for _, key := range keys {
		if signed, ok := v.checkAll(ctx, i, key, id); ok {
			return key, signed, nil
		}
	}
	for _, d := range i.Manifests {
		tried = append(tried, v.check(ctx, i, d, keys, id))
	}
	err := unsigned(i, tried)
	if e := (*UnsignedError)(nil); errors.As(err, &e) {
		e.Offline = v.Source == nil
	}
	return Key{}, nil, err
}

// checkAll reports whether a key vouches for all manifests of an image.
func (v *Verifier) checkAll(ctx context.Context, i Image, key Key, id identity) ([]Signed, bool) {
	var signed []Signed
	for _, d := range i.Manifests {
		o := v.check(ctx, i, d, []Key{key}, id)
		if !o.ok {
			return nil, false
		}
		signed = append(signed, o.signed)
	}
	return signed, len(signed) > 0
}

// outcome is whether a signature of one digest vouches for it, and why not.
type outcome struct {
	ok      bool
	key     Key
	signed  Signed
	found   int
	reasons []string
	err     error
}

// check looks for a signature of d by one of the keys.
func (v *Verifier) check(ctx context.Context, i Image, d digest.Digest, keys []Key, id identity) outcome {
	f := v.signatures(i.Reference.Repository, d)
	var o outcome
	for ; ; o.found++ {
		s, ok := f.at(ctx, o.found)
		if !ok {
			break
		}
		c, err := s.check(d, keys)
		if err == nil {
			err = id.check(i.Reference, c)
		}
		if err == nil {
			return outcome{ok: true, key: c.key, signed: Signed{d, s}, found: o.found + 1}
		}
		o.reasons = append(o.reasons, err.Error())
	}
	o.reasons, o.err = append(o.reasons, f.notes...), f.err
	if ctx.Err() != nil {
		o.err = context.Cause(ctx)
	}
	return o
}

// signatures returns the signatures of a digest, of which none may be known yet.
func (v *Verifier) signatures(repo reference.Repository, d digest.Digest) *found {
	v.mu.Lock()
	defer v.mu.Unlock()
	key := reference.Reference{Repository: repo, Digest: d}
	f := v.found[key]
	if f != nil {
		return f
	}
	f = &found{source: v.Source, repo: repo, digest: d, seen: map[digest.Digest]bool{}}
	for _, kept := range v.Kept {
		if kept.Digest == d {
			f.signatures = append(f.signatures, kept.Signature)
			f.kinds = append(f.kinds, kindOf(kept.Signature, false))
		}
	}
	if v.Source == nil {
		f.looked = len(places)
	}
	if v.found == nil {
		v.found = map[reference.Reference]*found{}
	}
	v.found[key] = f
	return f
}

// unsigned returns the error for an image that no key vouches for.
func unsigned(i Image, tried []outcome) error {
	e := &UnsignedError{Name: i.Name}
	for _, o := range tried {
		if o.err != nil {
			return fmt.Errorf("signatures of %s: %w", i.Name, o.err)
		}
		e.Found += o.found
		for _, reason := range o.reasons {
			if !slices.Contains(e.Reasons, reason) {
				e.Reasons = append(e.Reasons, reason)
			}
		}
	}
	var vouched int
	var bare []digest.Digest
	for n, o := range tried[len(tried)-len(i.Manifests):] {
		switch {
		case o.ok:
			vouched++
		case o.found == 0:
			bare = append(bare, i.Manifests[n])
		}
	}
	switch {
	case vouched > 0 && vouched == len(i.Manifests):
		e.Reasons = append(e.Reasons, "different keys signed its platforms")
	case vouched > 0 && len(bare) > 0:
		e.Reasons = append(e.Reasons, fmt.Sprintf("of its platforms, %d are signed, and %s is not", vouched, bare[0]))
	}
	return e
}
