package signature

import (
	"fmt"
	"strings"

	"hocker/fetcher/reference"
)

// The kinds of signedIdentity in a policy, which say which reference a signature must
// state:
// https://github.com/containers/image/blob/v5.36.0/docs/containers-policy.json.5.md
const (
	matchExact             = "matchExact"
	matchRepoDigestOrExact = "matchRepoDigestOrExact"
	matchRepository        = "matchRepository"
	exactReference         = "exactReference"
	exactRepository        = "exactRepository"
	remapIdentity          = "remapIdentity"

	// defaultIdentity is for policies that name none: matchRepoDigestOrExact, but bundles,
	// which state no reference, pass. No policy can name it.
	defaultIdentity = "default"
)

// identity is a signedIdentity. The zero value asks for nothing.
type identity struct {
	kind string
	// want is the reference of exactReference, or the repository of exactRepository.
	want string
	// prefix and signedPrefix are those of remapIdentity.
	prefix, signedPrefix string
}

// name is a reference that a signature states, or should state.
type name struct {
	repository string // docker.io/library/debian
	suffix     string // :jessie, @sha256:…, or empty
}

func (n name) String() string { return n.repository + n.suffix }

func nameOf(ref reference.Reference) name {
	repository := ref.Repository.String()
	return name{repository, strings.TrimPrefix(ref.String(), repository)}
}

// parseName parses a reference. Unlike [reference.Parse], it adds no tag.
func parseName(s string) (name, error) {
	ref, err := reference.Parse(s)
	if err != nil {
		return name{}, err
	}
	n := nameOf(ref)
	if ref.Digest == "" && !strings.HasSuffix(s, n.suffix) {
		n.suffix = ""
	}
	return n, nil
}

// check returns an error unless a claim is about ref.
func (i identity) check(ref reference.Reference, c claim) error {
	switch {
	case i.kind == "", i.kind == defaultIdentity && !c.named:
		return nil
	case !c.named:
		return fmt.Errorf("a bundle, which states no reference, and the policy asks for one: %s", i.kind)
	}
	signed, err := parseName(c.reference)
	if err != nil {
		return fmt.Errorf("it states the reference %.200q", c.reference)
	}
	if !i.allows(ref, signed) {
		return fmt.Errorf("a signature of %.200s, not of %s", signed, ref)
	}
	return nil
}

func (i identity) allows(ref reference.Reference, signed name) bool {
	is := nameOf(ref)
	switch i.kind {
	case matchExact:
		return signed == is
	case matchRepository:
		return signed.repository == is.repository
	case exactReference:
		return signed.String() == i.want
	case exactRepository:
		return signed.repository == i.want
	case remapIdentity:
		if rest, ok := strings.CutPrefix(is.repository, i.prefix); ok && (rest == "" || rest[0] == '/') {
			is.repository = i.signedPrefix + rest
		}
	}
	return signed == is || ref.Tag == "" && signed.repository == is.repository
}
