package main

import (
	"cmp"
	"context"
	"fmt"

	"hocker/fetcher/image"
	"hocker/fetcher/reference"
	"hocker/fetcher/signature"

	"github.com/opencontainers/go-digest"
)

// verifier verifies who signed images, and keeps the signatures that vouch for them.
type verifier struct {
	*signature.Verifier
	cache string // folder, or empty
	warn  func(line string)
}

// verify returns the key that vouches for an image. index may be the zero value. A nil
// verifier accepts every image.
func (v *verifier) verify(ctx context.Context, ref reference.Reference, index image.Manifest, manifests ...digest.Digest) error {
	if v == nil {
		return nil
	}
	_, err := v.vouched(ctx, signature.Image{Reference: ref, Index: index.Digest, Manifests: manifests}, index.Bytes)
	return err
}

// offline returns a verifier of an image in files: it knows only the signatures that were
// kept. It adds the index that they are of.
func (v *verifier) offline(ctx context.Context, i *signature.Image) (*verifier, error) {
	if v.Policy != nil && i.Reference == (reference.Reference{}) {
		return nil, usagef("%s has no name, by which the policy would choose: give a key", i.Name)
	}
	index, kept, err := readSignatures(ctx, v.cache, i.Manifests[0])
	i.Index = index
	return &verifier{&signature.Verifier{Kept: kept, Keys: v.Keys, Policy: v.Policy, ReadFile: v.ReadFile}, "", v.warn}, err
}

// vouched returns the key that vouches for an image. index are the bytes of its index, or
// nil.
func (v *verifier) vouched(ctx context.Context, i signature.Image, index []byte) (signature.Key, error) {
	name := cmp.Or(i.Name, i.Reference.Familiar())
	vouched, err := v.Verify(ctx, i)
	switch {
	case err != nil:
		return signature.Key{}, err
	case vouched.Key.Fingerprint == "":
		v.warn(fmt.Sprintf("warning: %s: the policy accepts it without a signature", name))
	}
	for _, d := range i.Manifests {
		if err := keepSignatures(ctx, v.cache, d, index, vouched.Signatures); err != nil {
			v.warn(fmt.Sprintf("%s: its signature is not kept: %v", name, err))
			break
		}
	}
	return vouched.Key, nil
}
