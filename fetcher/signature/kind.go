package signature

import (
	"encoding/json"

	"hocker/fetcher/internal/strictjson"
)

// Kind is what a signature is, by its own word.
type Kind string

// The kinds of signatures. A keyless one comes with a certificate, and no key of the user
// can verify it.
const (
	KindBundle        Kind = "bundle"         // of cosign 3
	KindSimpleSigning Kind = "simple signing" // of cosign 2
	KindKeylessBundle Kind = "keyless bundle"
	KindKeylessSimple Kind = "keyless simple signing"
	KindAttestation   Kind = "attestation" // a signed statement about the image
	KindUnknown       Kind = "unknown"     // a bundle that cannot be read
)

// kindOf returns the kind of a signature. certified reports whether a certificate comes
// with it.
func kindOf(s Signature, certified bool) Kind {
	switch {
	case s.MediaType == MediaTypeSimpleSigning && certified:
		return KindKeylessSimple
	case s.MediaType == MediaTypeSimpleSigning:
		return KindSimpleSigning
	}
	var b described
	if strictjson.Unmarshal(s.Data, &b) != nil || b.Envelope == nil {
		return KindUnknown
	}
	switch {
	case b.Envelope.predicate() != predicateCosign:
		return KindAttestation
	case b.Material.Certificate != nil, b.Material.Chain != nil:
		return KindKeylessBundle
	}
	return KindBundle
}

// described is the part of a bundle that tells its kind.
type described struct {
	Envelope *envelope `json:"dsseEnvelope"`
	Material struct {
		Certificate json.RawMessage `json:"certificate"`
		Chain       json.RawMessage `json:"x509CertificateChain"`
	} `json:"verificationMaterial"`
}

// predicate returns what the statement in an envelope is about, or "".
func (e *envelope) predicate() string {
	var s statement
	payload, err := decodeBase64(e.Payload)
	if err != nil || strictjson.Unmarshal(payload, &s) != nil {
		return ""
	}
	return s.Predicate
}
