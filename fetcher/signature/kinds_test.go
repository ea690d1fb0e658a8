package signature

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"hocker/fetcher/content"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

func TestKindOf(t *testing.T) {
	ours := ed25519Pair(t, 1)
	edited := func(old, new string) Signature {
		s := ours.bundleOf(theIndex)
		s.Data = []byte(strings.Replace(string(s.Data), old, new, 1))
		return s
	}
	about := func(predicate string) Signature {
		payload := fmt.Sprintf(`{"_type":%q,"predicateType":%q}`, statementInToto, predicate)
		return Signature{MediaType: MediaTypeBundle, Data: ours.bundle(payloadInToto, payload)}
	}
	for name, tt := range map[string]struct {
		signature Signature
		certified bool
		want      Kind
	}{
		"cosign 3":                  {ours.bundleOf(theIndex), false, KindBundle},
		"cosign 3, certificate":     {edited(`"publicKey":{"hint":""}`, `"certificate":{"rawBytes":""}`), false, KindKeylessBundle},
		"cosign 3, certificates":    {edited(`"publicKey":{"hint":""}`, `"x509CertificateChain":{}`), false, KindKeylessBundle},
		"cosign 2":                  {ours.simple(payloadOf("x", theIndex)), false, KindSimpleSigning},
		"cosign 2, certificate":     {ours.simple(payloadOf("x", theIndex)), true, KindKeylessSimple},
		"attestation":               {about("https://slsa.dev/provenance/v1"), false, KindAttestation},
		"statement about nothing":   {about(""), false, KindAttestation},
		"payload that is no base64": {edited(base64.StdEncoding.EncodeToString([]byte(statementOf(theIndex))), "?"), false, KindAttestation},
		"no envelope":               {edited("dsseEnvelope", "messageSignature"), false, KindUnknown},
		"not JSON":                  {Signature{MediaType: MediaTypeBundle, Data: []byte("x")}, false, KindUnknown},
	} {
		if got := kindOf(tt.signature, tt.certified); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

// All places are looked at, and what cannot be read is said.
func TestListedKinds(t *testing.T) {
	ours := ed25519Pair(t, 1)
	r := newRegistry()
	r.putJSON(t, tagOf(theIndex, ""), index(r.put(t, ours.bundleOf(theIndex))))
	r.putJSON(t, tagOf(theIndex, ".sig"), ocispec.Manifest{Layers: []ocispec.Descriptor{{MediaType: MediaTypeSimpleSigning, Digest: manifest2, Size: maxSignature + 1}}})
	v := &Verifier{Source: r}
	kinds, notes, err := v.Kinds(t.Context(), parseReference(t, "debian:1").Repository, theIndex)
	if want := []Kind{KindBundle}; !slices.Equal(kinds, want) || err != nil {
		t.Errorf("%v, %v", kinds, err)
	}
	if want := []string{"a signature: it is larger than 1.0 MB, the limit for a signature"}; !slices.Equal(notes, want) {
		t.Errorf("notes %q", notes)
	}
	asked := len(r.asked)
	if again, _, _ := v.Kinds(t.Context(), parseReference(t, "debian:1").Repository, theIndex); !slices.Equal(again, kinds) || len(r.asked) != asked {
		t.Errorf("then %v, %d requests after %d", again, len(r.asked), asked)
	}

	r = newRegistry()
	r.errs["referrers"] = content.ErrUnavailable
	if _, _, err := (&Verifier{Source: r}).Kinds(t.Context(), parseReference(t, "debian:1").Repository, theIndex); !errors.Is(err, content.ErrUnavailable) {
		t.Errorf("a registry that fails: %v", err)
	}

	v = &Verifier{Kept: []Signed{{manifest1, ours.bundleOf(manifest1)}, {manifest2, ours.bundleOf(manifest2)}}}
	if kinds, notes, err := v.Kinds(t.Context(), parseReference(t, "debian:1").Repository, manifest1); len(kinds) != 1 || len(notes) != 0 || err != nil {
		t.Errorf("kept: %v, %q, %v", kinds, notes, err)
	}

	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("interrupted"))
	if _, _, err := v.Kinds(ctx, parseReference(t, "debian:1").Repository, manifest1); err == nil || err.Error() != "interrupted" {
		t.Errorf("interrupted: %v", err)
	}
}
