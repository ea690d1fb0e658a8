package nix

import (
	"fmt"

	"hocker/fetcher/reference"

	"github.com/nix-community/go-nix/pkg/nixhash"
	"github.com/opencontainers/go-digest"
)

// ParseHash reads a sha256 hash in any form that Nix accepts as outputHash: 64
// hexadecimal digits or 52 characters of Nix base32, with or without sha256: in
// front, or SRI (sha256-…).
// https://nix.dev/manual/nix/2.34/language/advanced-attributes#adv-attr-outputHash
func ParseHash(s string) (digest.Digest, error) {
	algorithm := nixhash.SHA256
	h, err := nixhash.ParseAny(s, &algorithm)
	// go-nix checks only the length of the text, but base64 may contain line
	// breaks or lack its padding.
	if err != nil || len(h.Digest()) != digest.SHA256.Size() {
		return "", &reference.InputError{What: "hash", Value: s, Reason: "expected a sha256 as 64 hexadecimal digits, as 52 characters of Nix base32, or as sha256-… (SRI)"}
	}
	return digest.NewDigestFromBytes(digest.SHA256, h.Digest()), nil
}

// Base32 returns a digest as Nix expressions write it, in Nix's base32.
func Base32(d digest.Digest) (string, error) {
	h, err := parseDigest(d)
	if err != nil {
		return "", err
	}
	return h.Format(nixhash.NixBase32, false), nil
}

// SRI returns a digest as newer Nix expressions write it: sha256-….
func SRI(d digest.Digest) (string, error) {
	h, err := parseDigest(d)
	if err != nil {
		return "", err
	}
	return h.Format(nixhash.SRI, false), nil
}

func parseDigest(d digest.Digest) (*nixhash.HashWithEncoding, error) {
	if err := d.Validate(); err != nil {
		return nil, err
	}
	h, err := nixhash.ParseAny(string(d), nil)
	if err != nil {
		return nil, fmt.Errorf("digest %s: %w", d, err)
	}
	return h, nil
}
