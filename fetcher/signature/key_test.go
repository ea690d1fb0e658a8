package signature

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
)

func TestParseKeys(t *testing.T) {
	p256 := string(fixtureFile(t, "p256.pub"))
	spki := func(public any) string {
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	}
	p521, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name, data string
		keys       int
		want       string
	}{
		{"one", p256, 1, ""},
		{"several", p256 + "\n" + string(fixtureFile(t, "rsa.pub")), 2, ""},
		{"Windows", strings.ReplaceAll(p256, "\n", "\r\n"), 1, ""},
		{"none", " \n", 0, "key k.pub: it has no key"},
		{"text before", "x\n" + p256, 0, "key k.pub: there is something that is not a key in PEM, as cosign.pub has one"},
		{"text after", p256 + "x", 0, "key k.pub: there is something that is not a key in PEM, as cosign.pub has one"},
		{"broken key before", "-----BEGIN PUBLIC KEY-----\nA\n" + p256, 0, "key k.pub: there is something that is not a key in PEM, as cosign.pub has one"},
		{"private", strings.ReplaceAll(p256, "PUBLIC", "ENCRYPTED SIGSTORE PRIVATE"), 0, "key k.pub: a private key, which only its owner should have: the public one is in cosign.pub"},
		{"certificate", strings.ReplaceAll(p256, "PUBLIC KEY", "CERTIFICATE"), 0, `key k.pub: "CERTIFICATE", expected a PUBLIC KEY`},
		{"P-521", spki(p521.Public()), 0, "key k.pub: ECDSA on P-521, expected P-256 or P-384"},
		{"weak RSA", spki(weak.Public()), 0, "key k.pub: RSA of 1024 bits, expected 2048 to 8192"},
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			keys, err := ParseKeys("k.pub", []byte(tt.data))
			checkError(t, err, tt.want)
			if len(keys) != tt.keys {
				t.Errorf("%d keys, want %d", len(keys), tt.keys)
			}
		})
	}
}

// The fingerprint is what openssl and sha256sum say, and what cosign's hint says.
func TestFingerprint(t *testing.T) {
	keys, err := ParseKeys("p256.pub", fixtureFile(t, "p256.pub"))
	if err != nil {
		t.Fatal(err)
	}
	// base64 -d <<< eQXdG2QU9o2f5MOlvxWKNA8UzLKi/pmcWhWu221W1C0= | xxd -p
	const hint = "sha256:7905dd1b6414f68d9fe4c3a5bf158a340f14ccb2a2fe999c5a15aedb6d56d42d"
	if keys[0].Fingerprint != hint {
		t.Errorf("fingerprint %s, want %s", keys[0].Fingerprint, hint)
	}
}
