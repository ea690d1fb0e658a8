package signature

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
)

// Whatever the bytes are, a bundle vouches only with what the key has signed: for one
// digest, and with a statement that says that.
func FuzzBundle(f *testing.F) {
	signer := ed25519Pair(f, 1)
	other := digest.FromString("another image")
	f.Add(signer.bundle(payloadInToto, statementOf(fixture)))
	f.Add(signer.bundle("application/json", statementOf(fixture)))
	f.Add(ed25519Pair(f, 2).bundle(payloadInToto, statementOf(fixture)))
	f.Add(fixtureFile(f, "p256.bundle.json"))
	f.Add([]byte(`{"mediaType":"` + MediaTypeBundle + `","dsseEnvelope":{}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := Signature{MediaType: MediaTypeBundle, Data: data}
		if _, err := s.check(other, []Key{signer.key}); err == nil {
			t.Errorf("vouches for %s: %s", other, data)
		}
		if _, err := s.check(fixture, []Key{signer.key}); err != nil {
			return
		}
		var b bundle
		if err := json.Unmarshal(data, &b); err != nil {
			t.Fatal(err)
		}
		payload, err := decodeBase64(b.Envelope.Payload)
		if err != nil || string(payload) != statementOf(fixture) {
			t.Errorf("vouches with %q, %v", payload, err)
		}
	})
}

func FuzzSimpleSigning(f *testing.F) {
	signer := ed25519Pair(f, 1)
	payload := payloadOf("x/y", fixture)
	signature := signer.simple(payload).Signature
	f.Add(payload, signature)
	f.Add(payload+" ", signature)
	f.Add(string(fixtureFile(f, "p256.payload.json")), string(fixtureFile(f, "p256.sig")))
	f.Fuzz(func(t *testing.T, data, encoded string) {
		s := Signature{MediaTypeSimpleSigning, []byte(data), encoded}
		if _, err := s.check(fixture, []Key{signer.key}); err == nil && (data != payload || encoded != signature) {
			t.Errorf("vouches with %q and %q", data, encoded)
		}
		// What the key does sign is read in one way.
		if c, err := signer.simple(data).check(fixture, []Key{signer.key}); err == nil && !strings.Contains(data, fixture.String()) && !strings.Contains(data, `\u`) {
			t.Errorf("%q vouches, %+v", data, c)
		}
	})
}

// A policy that is read says something about every image, and does not accept one that it
// does not name.
func FuzzPolicy(f *testing.F) {
	f.Add([]byte(`{"default":[{"type":"reject"}],"transports":{"docker":{"docker.io":[{"type":"sigstoreSigned","keyPath":"/k","signedIdentity":{"type":"matchRepository"}}]}}}`))
	f.Add([]byte(`{"default":[{"type":"signedBy"}],"transports":{"docker":{"":[{"type":"sigstoreSigned","keyDatas":["AAAA"],"fulcio":{}}]}}}`))
	f.Add([]byte(`{"default":[{"type":"sigstoreSigned","keyPaths":["/k"],"signedIdentity":{"type":"remapIdentity","prefix":"a","signedPrefix":"b"}}]}`))
	f.Add([]byte(`{"default":[{"type":"insecureAcceptAnything"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ParsePolicy(data)
		if err != nil {
			return
		}
		v := Verifier{Policy: p, ReadFile: func(string) ([]byte, error) { return fixtureFile(t, "p256.pub"), nil }}
		rules, scope := p.rulesFor(parseReference(t, "debian:1"))
		if len(rules) == 0 {
			t.Fatalf("no rules for %q", scope)
		}
		accepts := true
		for _, r := range rules {
			accepts = accepts && r.kind == acceptAnything
		}
		_, err = v.Verify(t.Context(), Image{Reference: parseReference(t, "debian:1"), Index: fixture})
		if (err == nil) != accepts {
			t.Errorf("rules %+v: %v", rules, err)
		}
	})
}

// What is read as keys has at least one, and each has a fingerprint.
func FuzzKeys(f *testing.F) {
	for _, name := range []string{"p256", "p384", "ed25519", "rsa"} {
		f.Add(fixtureFile(f, name+".pub"))
	}
	f.Add([]byte("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, err := ParseKeys("k.pub", data)
		if (err == nil) != (len(keys) > 0) {
			t.Errorf("%d keys, %v", len(keys), err)
		}
		for _, k := range keys {
			if k.Fingerprint.Validate() != nil || k.signed([]byte("x"), nil) {
				t.Errorf("%+v", k)
			}
		}
	})
}
