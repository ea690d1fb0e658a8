package signature

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
)

func TestScopes(t *testing.T) {
	const d = "sha256:c4a0694978db46c5efc3d149178ebade66bbb91d6b753157d93223dd2ba7e3ab"
	for ref, want := range map[string][]string{
		"debian": {"docker.io/library/debian:latest", "docker.io/library/debian", "docker.io/library", "docker.io", "*.io", ""},
		"a.b.example.com:5000/org/app:1@" + d: {"a.b.example.com:5000/org/app@" + d, "a.b.example.com:5000/org/app:1",
			"a.b.example.com:5000/org/app", "a.b.example.com:5000/org", "a.b.example.com:5000", "*.b.example.com", "*.example.com", "*.com", ""},
		"localhost:5000/x:1": {"localhost:5000/x:1", "localhost:5000/x", "localhost:5000", ""},
	} {
		if got := scopes(parseReference(t, ref)); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", ref, got, want)
		}
	}
}

// What a policy says about an image that the first key signed.
func TestPolicy(t *testing.T) {
	ours, other := ed25519Pair(t, 1), ed25519Pair(t, 2)
	files := map[string][]byte{"/ours.pub": ours.pem, "/other.pub": other.pem, "/both.pub": slices.Concat(other.pem, ours.pem)}
	read := func(path string) ([]byte, error) {
		if data, ok := files[path]; ok {
			return data, nil
		}
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	signed := func(members string) string { return `{"type":"sigstoreSigned",` + members + `}` }
	docker := func(scopes ...string) string {
		return `{"default":[{"type":"reject"}],"transports":{"atomic":{"x":[{"type":"reject"}]},"docker":{` + strings.Join(scopes, ",") + `}}}`
	}
	scope := func(scope string, rules ...string) string {
		return fmt.Sprintf("%q:[%s]", scope, strings.Join(rules, ","))
	}
	identity := func(members string) string {
		return docker(scope("", signed(`"keyPath":"/ours.pub","signedIdentity":{`+members+`}`)))
	}
	data := base64.StdEncoding.EncodeToString(ours.pem)
	bundle := ours.bundleOf(manifest1)
	simple := func(reference string) Signature { return ours.simple(payloadOf(reference, manifest1)) }
	notSigned := "ghcr.io/org/app:1 is not signed by a key that vouches for it: "
	cases := []struct {
		name, policy string
		s            Signature
		want         string
	}{
		{"keyPath", docker(scope("ghcr.io/org/app:1", signed(`"keyPath":"/ours.pub"`))), bundle, ""},
		{"keyPaths", docker(scope("ghcr.io/org/app", signed(`"keyPaths":["/other.pub","/ours.pub"]`))), bundle, ""},
		{"several keys in a file", docker(scope("ghcr.io/org", signed(`"keyPath":"/both.pub"`))), bundle, ""},
		{"keyData", docker(scope("ghcr.io", signed(`"keyData":"`+data+`"`))), bundle, ""},
		{"keyDatas", docker(scope("*.io", signed(`"keyDatas":["`+data+`"]`))), bundle, ""},
		{"the whole transport", docker(scope("", signed(`"keyPath":"/ours.pub"`))), bundle, ""},
		{"default", `{"default":[` + signed(`"keyPath":"/ours.pub"`) + `]}`, bundle, ""},
		{"the narrowest scope counts", docker(scope("ghcr.io", signed(`"keyPath":"/ours.pub"`)), scope("ghcr.io/org/app", signed(`"keyPath":"/other.pub"`))), bundle, notSigned + "not signed by a given key"},
		{"all rules must be fulfilled", docker(scope("ghcr.io", signed(`"keyPath":"/ours.pub"`), signed(`"keyPath":"/other.pub"`))), bundle, notSigned + "not signed by a given key"},
		{"accept does not undo another rule", docker(scope("ghcr.io", `{"type":"insecureAcceptAnything"}`, signed(`"keyPath":"/other.pub"`))), bundle, notSigned + "not signed by a given key"},
		{"no scope", docker(scope("quay.io", signed(`"keyPath":"/ours.pub"`))), bundle, "ghcr.io/org/app:1 is rejected by the policy for default"},
		{"reject", docker(scope("", `{"type":"reject"}`)), bundle, "ghcr.io/org/app:1 is rejected by the policy for the transport docker"},
		{"GPG", docker(scope("ghcr.io", `{"type":"signedBy","keyType":"GPGKeys","keyPath":"/x"}`)), bundle, "ghcr.io/org/app:1: the policy for ghcr.io asks for a GPG signature (signedBy), which is not checked here"},
		{"Rekor", docker(scope("ghcr.io", signed(`"keyPath":"/ours.pub","rekorPublicKeyPath":"/x"`))), bundle, "ghcr.io/org/app:1: the policy for ghcr.io asks for more than a key's signature (rekorPublicKeyPath), which is not checked here"},
		{"Fulcio", docker(scope("ghcr.io", signed(`"fulcio":{}`))), bundle, "ghcr.io/org/app:1: the policy for ghcr.io asks for more than a key's signature (fulcio), which is not checked here"},
		{"no key file", docker(scope("ghcr.io", signed(`"keyPath":"/none.pub"`))), bundle, "open /none.pub: file does not exist"},

		{"no identity, whole reference", docker(scope("", signed(`"keyPath":"/ours.pub"`))), simple("ghcr.io/org/app:1"), ""},
		{"no identity, no tag", docker(scope("", signed(`"keyPath":"/ours.pub"`))), simple("ghcr.io/org/app"), notSigned + "a signature of ghcr.io/org/app, not of ghcr.io/org/app:1"},
		{"matchRepository", identity(`"type":"matchRepository"`), simple("ghcr.io/org/app"), ""},
		{"matchRepository, another", identity(`"type":"matchRepository"`), simple("ghcr.io/org/other"), notSigned + "a signature of ghcr.io/org/other, not of ghcr.io/org/app:1"},
		{"matchRepository, no reference", identity(`"type":"matchRepository"`), simple("UPPER"), notSigned + `it states the reference "UPPER"`},
		{"matchRepository, bundle", identity(`"type":"matchRepository"`), bundle, notSigned + "a bundle, which states no reference, and the policy asks for one: matchRepository"},
		{"matchExact", identity(`"type":"matchExact"`), simple("ghcr.io/org/app:1"), ""},
		{"matchExact, another tag", identity(`"type":"matchExact"`), simple("ghcr.io/org/app:2"), notSigned + "a signature of ghcr.io/org/app:2, not of ghcr.io/org/app:1"},
		{"exactReference", identity(`"type":"exactReference","dockerReference":"quay.io/a/b:1"`), simple("quay.io/a/b:1"), ""},
		{"exactReference, another", identity(`"type":"exactReference","dockerReference":"quay.io/a/b:1"`), simple("ghcr.io/org/app:1"), notSigned + "a signature of ghcr.io/org/app:1, not of ghcr.io/org/app:1"},
		{"exactRepository", identity(`"type":"exactRepository","dockerRepository":"quay.io/a/b"`), simple("quay.io/a/b:9"), ""},
		{"remapIdentity", identity(`"type":"remapIdentity","prefix":"ghcr.io/org","signedPrefix":"quay.io/a"`), simple("quay.io/a/app:1"), ""},
		{"remapIdentity, another prefix", identity(`"type":"remapIdentity","prefix":"ghcr.io/o","signedPrefix":"quay.io/a"`), simple("quay.io/a/app:1"), notSigned + "a signature of quay.io/a/app:1, not of ghcr.io/org/app:1"},
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			policy, err := ParsePolicy([]byte(tt.policy))
			if err != nil {
				t.Fatal(err)
			}
			v := Verifier{Policy: policy, ReadFile: read, Kept: []Signed{{manifest1, tt.s}}}
			vouched, err := v.Verify(t.Context(), Image{Reference: parseReference(t, "ghcr.io/org/app:1"), Manifests: []digest.Digest{manifest1}})
			checkError(t, err, tt.want)
			if err == nil && vouched.Key.Fingerprint != ours.key.Fingerprint {
				t.Errorf("signed by %q", vouched.Key.Fingerprint)
			}
		})
	}
}

// With a digest instead of a tag, the repository is enough.
func TestPolicyByDigest(t *testing.T) {
	ours := ed25519Pair(t, 1)
	policy, err := ParsePolicy([]byte(`{"default":[{"type":"sigstoreSigned","keyData":"` + base64.StdEncoding.EncodeToString(ours.pem) + `"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for signed, ok := range map[string]bool{"ghcr.io/org/app": true, "ghcr.io/org/other": false} {
		v := Verifier{Policy: policy, Kept: []Signed{{manifest1, ours.simple(payloadOf(signed, manifest1))}}}
		_, err := v.Verify(t.Context(), Image{Reference: parseReference(t, "ghcr.io/org/app@"+manifest1.String()), Manifests: []digest.Digest{manifest1}})
		if (err == nil) != ok || err != nil && !errors.As(err, new(*UnsignedError)) {
			t.Errorf("%s: %v", signed, err)
		}
	}
}

// insecureAcceptAnything accepts an image, and no key vouches for it.
func TestPolicyAcceptsAnything(t *testing.T) {
	policy, err := ParsePolicy([]byte(`{"default":[{"type":"insecureAcceptAnything"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	vouched, err := (&Verifier{Policy: policy}).Verify(t.Context(), Image{Reference: parseReference(t, "debian"), Index: theIndex})
	if err != nil || vouched.Key.Fingerprint != "" {
		t.Error(vouched, err)
	}
}

func TestParsePolicyErrors(t *testing.T) {
	signed := func(members string) string { return `{"default":[{"type":"sigstoreSigned",` + members + `}]}` }
	for policy, want := range map[string]string{
		``:                                      "unexpected end of JSON input",
		`[]`:                                    "line 1: expected an object, {…}",
		`{}`:                                    "line 1: missing default",
		`{"default":[]}`:                        "line 1: default: expected a list that is not empty, […]",
		"{\n\"default\":[{}]}":                  "line 2: default[0]: missing type",
		`{"default":[{"type":"x"}]}`:            `line 1: default[0]: unknown type "x"`,
		`{"default":[{"type":"reject"}],"x":1}`: `line 1: unknown key "x", expected one of ["default" "transports"]`,
		`{"default":[{"type":"reject","x":1}]}`: `line 1: default[0]: unknown key "x", expected one of ["type"]`,
		`{"default":[{"type":"reject"}],"default":[{"type":"insecureAcceptAnything"}]}`: `duplicate key "default"`,
		`{"default":[{"type":"reject"}],"transports":{"docker":{"x":{}}}}`:              "line 1: transports.docker.x: expected a list that is not empty, […]",
		signed(`"signedIdentity":{"type":"matchExact"}`):                                `line 1: default[0]: expected one of ["keyPath" "keyPaths" "keyData" "keyDatas" "fulcio" "pki"]`,
		signed(`"keyPath":"/x","keyData":"AAAA"`):                                       `line 1: default[0]: expected one of ["keyPath" "keyPaths" "keyData" "keyDatas" "fulcio" "pki"]`,
		signed(`"keyPath":""`):                                                                            "line 1: default[0].keyPath: expected a string that is not empty",
		signed(`"keyPaths":[]`):                                                                           "line 1: default[0].keyPaths: expected a list that is not empty, […]",
		signed(`"keyData":"A"`):                                                                           "line 1: default[0].keyData: illegal base64 data at input byte 0",
		signed(`"keyPath":"/x","KeyPath":"/y"`):                                                           `line 1: default[0]: unknown key "KeyPath", expected one of ["type" "signedIdentity" "keyPath" "keyPaths" "keyData" "keyDatas" "fulcio" "pki" "rekorPublicKeyPath" "rekorPublicKeyPaths" "rekorPublicKeyData" "rekorPublicKeyDatas"]`,
		signed(`"keyPath":"/x","signedIdentity":{}`):                                                      "line 1: default[0].signedIdentity: missing type",
		signed(`"keyPath":"/x","signedIdentity":{"type":"any"}`):                                          `line 1: default[0].signedIdentity: unknown type "any"`,
		signed(`"keyPath":"/x","signedIdentity":{"type":"matchExact","x":""}`):                            `line 1: default[0].signedIdentity: unknown key "x", expected one of ["type"]`,
		signed(`"keyPath":"/x","signedIdentity":{"type":"exactReference"}`):                               "line 1: default[0].signedIdentity: missing dockerReference",
		signed(`"keyPath":"/x","signedIdentity":{"type":"exactReference","dockerReference":"a/b"}`):       `line 1: default[0].signedIdentity: "a/b" is not what exactReference expects`,
		signed(`"keyPath":"/x","signedIdentity":{"type":"exactRepository","dockerRepository":"a/b:tag"}`): `line 1: default[0].signedIdentity: "a/b:tag" is not what exactRepository expects`,
	} {
		_, err := ParsePolicy([]byte(policy))
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v\nwant %s", policy, err, want)
		}
	}
}
