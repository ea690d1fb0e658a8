package signature

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
)

// What cosign 3.1 and 2.5 signed with keys of every kind.
func TestCosign(t *testing.T) {
	for _, name := range []string{"p256", "p384", "ed25519", "rsa"} {
		keys, err := ParseKeys(name+".pub", fixtureFile(t, name+".pub"))
		if err != nil {
			t.Fatal(err)
		}
		bundle := Signature{MediaType: MediaTypeBundle, Data: fixtureFile(t, name+".bundle.json")}
		if c, err := bundle.check(fixture, keys); err != nil || c.key.Fingerprint != keys[0].Fingerprint || c.named {
			t.Errorf("%s, bundle: %+v, %v", name, c, err)
		}
		simple := Signature{MediaTypeSimpleSigning, fixtureFile(t, name+".payload.json"), strings.TrimSpace(string(fixtureFile(t, name+".sig")))}
		if c, err := simple.check(fixture, keys); err != nil || c.key.Fingerprint != keys[0].Fingerprint || c.reference != "127.0.0.1:45871/demo/app" {
			t.Errorf("%s, simple signing: %+v, %v", name, c, err)
		}
		other := []Key{ed25519Pair(t, 1).key}
		for _, s := range []Signature{bundle, simple} {
			if _, err := s.check(fixture, other); err != errOtherKey {
				t.Errorf("%s by another key: %v", name, err)
			}
		}
	}
}

// A signature by each of several keys counts, also with RSA-PSS.
func TestKeys(t *testing.T) {
	pairs := []pair{ed25519Pair(t, 1), pssPair(t), ed25519Pair(t, 2)}
	var keys []Key
	for _, p := range pairs {
		keys = append(keys, p.key)
	}
	for i, p := range pairs {
		for _, s := range []Signature{p.bundleOf(fixture), p.simple(payloadOf("x/y", fixture))} {
			if c, err := s.check(fixture, keys); err != nil || c.key.Fingerprint != keys[i].Fingerprint {
				t.Errorf("key %d, %s: %v, %v", i, s.MediaType, c.key.Fingerprint, err)
			}
		}
	}
}

// The signatures that do not vouch for the image, though the right key made most of them.
func TestReject(t *testing.T) {
	signer, other := ed25519Pair(t, 1), ed25519Pair(t, 2)
	good := string(signer.bundle(payloadInToto, statementOf(fixture)))
	envelope := good[strings.Index(good, `{"payload"`) : len(good)-1]
	signature := envelope[strings.Index(envelope, `"sig":"`)+7 : len(envelope)-4]
	payload := base64.StdEncoding.EncodeToString([]byte(statementOf(fixture)))
	raw, _ := base64.StdEncoding.DecodeString(signature)
	another := digest.FromString("another image")
	replace := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	statement := func(old, new string) string {
		return string(signer.bundle(payloadInToto, strings.Replace(statementOf(fixture), old, new, 1)))
	}

	bundles := []struct{ name, data, want string }{
		{"right", good, ""},
		{"other key", string(other.bundle(payloadInToto, statementOf(fixture))), "not signed by a given key"},
		{"subject of another image", string(signer.bundle(payloadInToto, statementOf(another))), `a signature of another image, "` + another.Encoded() + `"`},
		{"one subject of several", statement(`"subject":[`, `"subject":[{"digest":{"sha256":"`+another.Encoded()+`"}},`), ""},
		{"subject without a digest", statement(`"digest":{"sha256":"`+fixture.Encoded()+`"}`, `"name":"x"`), `a signature of another image, ""`},
		{"subject by another algorithm", statement(`"sha256"`, `"sha512"`), `a signature of another image, ""`},
		{"no subject", string(signer.bundle(payloadInToto, fmt.Sprintf(`{"_type":%q,"predicateType":%q,"subject":[]}`, statementInToto, predicateCosign))), "a statement about nothing"},
		{"payload of another type", string(signer.bundle("application/json", statementOf(fixture))), `a payload of type "application/json", expected application/vnd.in-toto+json`},
		{"type that is not signed", replace(payloadInToto, "application/json"), "not signed by a given key"},
		{"another predicate", statement(predicateCosign, "https://slsa.dev/provenance/v1"), `a statement about something else, "https://slsa.dev/provenance/v1"`},
		{"another statement", statement("Statement/v1", "Statement/v0.1"), `a statement of type "https://in-toto.io/Statement/v0.1", expected https://in-toto.io/Statement/v1`},
		{"signature cut", replace(signature, base64.StdEncoding.EncodeToString(raw[:len(raw)-3])), "not signed by a given key"},
		{"signature empty", replace(signature, ""), "not signed by a given key"},
		{"payload changed", replace(payload, "A"+payload[1:]), "not signed by a given key"},
		{"two signatures in an envelope", replace(`"signatures":[`, `"signatures":[{"sig":"AAAA"},`), "an envelope with 2 signatures, expected one"},
		{"no signature in an envelope", replace(`{"sig":"`+signature+`"}`, ""), "an envelope with 0 signatures, expected one"},
		{"unknown media type", replace("bundle.v0.3+json", "bundle.v0.4+json"), `a bundle of type "application/vnd.dev.sigstore.bundle.v0.4+json", expected application/vnd.dev.sigstore.bundle.v0.3+json`},
		{"the media type of an old bundle", replace(MediaTypeBundle, "application/vnd.dev.sigstore.bundle+json;version=0.1"), `a bundle of type "application/vnd.dev.sigstore.bundle+json;version=0.1", expected application/vnd.dev.sigstore.bundle.v0.3+json`},
		{"no envelope", `{"mediaType":"` + MediaTypeBundle + `"}`, "a bundle without a DSSE envelope"},
		{"signature of a message too", replace(`"dsseEnvelope"`, `"messageSignature":{},"dsseEnvelope"`), "a bundle without a DSSE envelope"},
		{"base64 without padding", replace(signature, strings.TrimRight(signature, "=")), "signature: illegal base64 data at input byte 84"},
		{"base64 for URLs", replace(signature, "--__"+signature[4:]), "signature: illegal base64 data at input byte 0"},
		{"base64 with a line break", replace(signature, signature[:4]+`\n`+signature[4:]), "signature: a line break in base64"},
		// Its last character has bits that no byte takes.
		{"base64 with stray bits", replace(signature, signature[:len(signature)-3]+string(signature[len(signature)-3]+1)+"=="), "signature: illegal base64 data at input byte 86"},
		{"key twice", replace(`"dsseEnvelope"`, `"dsseEnvelope":{},"dsseEnvelope"`), `not a bundle: duplicate key "dsseEnvelope"`},
		{"key twice in the payload", statement(`"predicateType"`, `"subject":[],"predicateType"`), `not a statement: duplicate key "subject"`},
		{"key in another case", replace(`"dsseEnvelope"`, `"DsseEnvelope"`), `not a bundle: key "DsseEnvelope", expected "dsseEnvelope"`},
		{"text after the bundle", good + "{}", "not a bundle: invalid character '{' after top-level value"},
		{"cut", good[:len(good)/2], "not a bundle: unexpected end of JSON input"},
		{"empty", "", "not a bundle: unexpected end of JSON input"},
	}
	for _, tt := range bundles {
		t.Run("bundle/"+tt.name, func(t *testing.T) {
			_, err := Signature{MediaType: MediaTypeBundle, Data: []byte(tt.data)}.check(fixture, []Key{signer.key})
			checkError(t, err, tt.want)
		})
	}

	text := payloadOf("x/y", fixture)
	simple := signer.simple(text)
	changed := func(old, new string) Signature { return signer.simple(strings.Replace(text, old, new, 1)) }
	simples := []struct {
		name string
		s    Signature
		want string
	}{
		{"right", simple, ""},
		{"other key", other.simple(text), "not signed by a given key"},
		{"other digest", signer.simple(payloadOf("x/y", another)), `a signature of another image, "` + another.String() + `"`},
		{"digest in capitals", changed("sha256:", "SHA256:"), `a signature of another image, "SHA256:` + fixture.Encoded() + `"`},
		{"payload of another type", changed(payloadCosign, "atomic container signature"), `a payload of type "atomic container signature", expected "cosign container image signature"`},
		{"signature cut", Signature{simple.MediaType, simple.Data, simple.Signature[:84]}, "not signed by a given key"},
		{"no signature", Signature{simple.MediaType, simple.Data, ""}, "not signed by a given key"},
		{"payload changed", Signature{simple.MediaType, []byte(text + " "), simple.Signature}, "not signed by a given key"},
		{"base64 without padding", Signature{simple.MediaType, simple.Data, strings.TrimRight(simple.Signature, "=")}, "signature: illegal base64 data at input byte 84"},
		{"base64 with a line break", Signature{simple.MediaType, simple.Data, simple.Signature + "\n"}, "signature: a line break in base64"},
		{"key twice", changed(`"image"`, `"type":"x","image"`), `payload: duplicate key "critical.type"`},
		{"key in another case", changed(`"critical"`, `"Critical"`), `payload: key "Critical", expected "critical"`},
		{"no JSON", signer.simple("x"), "payload: invalid character 'x' looking for beginning of value"},
		{"unknown media type", Signature{"text/plain", simple.Data, simple.Signature}, `a signature of type "text/plain"`},
	}
	for _, tt := range simples {
		t.Run("simple/"+tt.name, func(t *testing.T) {
			_, err := tt.s.check(fixture, []Key{signer.key})
			checkError(t, err, tt.want)
		})
	}
}

func checkError(t *testing.T, err error, want string) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
	}
	if got != want {
		t.Errorf("error %q, want %q", got, want)
	}
}
