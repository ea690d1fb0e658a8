package main

import (
	"testing"

	"hocker/fetcher/lock"
	"hocker/fetcher/reference"
)

// A source that names an image of another repository cannot do without its signature.
func TestRenamed(t *testing.T) {
	parse := func(text string) reference.Reference {
		ref, err := reference.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return ref
	}
	was := lock.Image{Reference: parse("nginx:1"), As: "web:1", NoVerify: true}
	signed := lock.Image{Reference: parse("nginx:1"), SignedBy: "sha256:key"}
	for _, tt := range []struct {
		to       string
		noVerify bool
		as       string
	}{
		{"nginx:2", true, "web:1"},
		{"other/nginx:1", false, ""},
		{"registry.example/library/nginx:1", false, ""},
	} {
		if w := renamed(was, lock.Matched{Reference: parse(tt.to)}); w.NoVerify != tt.noVerify || w.As != tt.as {
			t.Errorf("%s: %v, %q", tt.to, w.NoVerify, w.As)
		}
		if w := renamed(signed, lock.Matched{Reference: parse(tt.to)}); w.SignedBy != signed.SignedBy {
			t.Errorf("%s: signed by %q", tt.to, w.SignedBy)
		}
	}
}
