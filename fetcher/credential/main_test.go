package credential

import (
	"encoding/base64"
	"testing"

	"hocker/fetcher/reference"
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

var (
	ghcr  = reference.Registry{Scheme: "https", Host: "ghcr.io"}
	local = reference.Registry{Scheme: "http", Host: "localhost:5000"}
	me    = Credential{Username: "me", Password: "pass"}
)

// basic returns the auth field of an entry.
func basic(userPass string) string { return base64.StdEncoding.EncodeToString([]byte(userPass)) }
