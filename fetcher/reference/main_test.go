package reference

import (
	"testing"

	"github.com/opencontainers/go-digest"
)

// checkError compares the full message of an error. An empty want means no error.
func checkError(t *testing.T, err error, want string) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
	}
	if got != want {
		t.Fatalf("error\n got: %s\nwant: %s", got, want)
	}
}

// The digests of "hello", as other tools print them.
const (
	helloDigest digest.Digest = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
	helloSHA512 digest.Digest = "sha512:9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca72323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef46f73bcdec043"
)

var (
	ghcr  = Registry{Scheme: "https", Host: "ghcr.io"}
	local = Registry{Scheme: "http", Host: "localhost:5000"}
)
