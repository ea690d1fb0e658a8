package test

import (
	"strings"
	"testing"
)

// movingDocument is docs/moving.md.
var movingDocument = document{
	path:    "docs/moving.md",
	account: readmeAccount,
	outputs: []documentOutput{
		{words: "nix-build image.nix", output: `(?m)^/.*/store/\w{32}-docker-image-debian_bookworm\.tar$`},
		{words: "docker load", output: `(?m)^Loaded image: debian:bookworm$`},
		{words: "old=debian:jessie", output: `(?m)^old +- +→ +sha256:`},
		{words: "nix-instantiate", output: `(?m)^/.*/store/\w{32}-debian\.drv$`},
		{words: "--dry-run", output: `(?m)^nothing has changed$`},
	},
	use: useMoving,
}

// TestMoving follows docs/moving.md.
func TestMoving(t *testing.T) {
	movingDocument.read(t, func(b *box) {
		// The output of nix2container's getManifest, from before the move.
		b.mustRun("hocker-manifest", "--out", "manifest.json", "debian:bookworm")
	})
}

// useMoving checks that a block makes no request where the page says so.
func useMoving(r *reader, block documentBlock) bool {
	if !strings.HasPrefix(block.text, "docker2nix --manifest") {
		return false
	}
	before := r.box.requestCounts()
	r.run(block)
	if requests := r.box.requestsSince(before); len(requests) > 0 {
		r.box.t.Errorf("%s: unexpected request %s", block, requests[0])
	}
	return true
}
