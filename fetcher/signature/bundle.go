package signature

import (
	"encoding/json"
	"errors"
	"fmt"

	"hocker/fetcher/internal/strictjson"

	"github.com/opencontainers/go-digest"
)

// The media types of a bundle, of what is in it, and of its predicate:
// https://github.com/sigstore/protobuf-specs/blob/v0.5.0/protos/sigstore_bundle.proto
// https://github.com/secure-systems-lab/dsse/blob/v1.0.2/envelope.md
// https://github.com/sigstore/cosign/blob/v3.0.2/specs/BUNDLE_SPEC.md
const (
	MediaTypeBundle = "application/vnd.dev.sigstore.bundle.v0.3+json"

	payloadInToto    = "application/vnd.in-toto+json"
	statementInToto  = "https://in-toto.io/Statement/v1"
	predicateCosign  = "https://sigstore.dev/cosign/sign/v1"
	authenticationV1 = "DSSEv1"
)

// bundle is a Sigstore bundle. What it says about keys, certificates and logs is not
// used: the user names the keys.
type bundle struct {
	MediaType        string          `json:"mediaType"`
	MessageSignature json.RawMessage `json:"messageSignature"`
	Envelope         *envelope       `json:"dsseEnvelope"`
}

type envelope struct {
	Payload     string `json:"payload"`
	PayloadType string `json:"payloadType"`
	Signatures  []struct {
		Signature string `json:"sig"`
	} `json:"signatures"`
}

// statement is the in-toto statement that an envelope contains:
// https://github.com/in-toto/attestation/blob/v1.1.2/spec/v1/statement.md
type statement struct {
	Type      string `json:"_type"`
	Predicate string `json:"predicateType"`
	Subjects  []struct {
		Digest map[string]string `json:"digest"`
	} `json:"subject"`
}

// checkBundle returns the key that vouches for d with a bundle.
func checkBundle(data []byte, d digest.Digest, keys []Key) (Key, error) {
	var b bundle
	if err := strictjson.Unmarshal(data, &b); err != nil {
		return Key{}, fmt.Errorf("not a bundle: %w", err)
	}
	switch {
	case b.MediaType != MediaTypeBundle:
		return Key{}, fmt.Errorf("a bundle of type %.100q, expected %s", b.MediaType, MediaTypeBundle)
	case b.Envelope == nil, b.MessageSignature != nil:
		return Key{}, errors.New("a bundle without a DSSE envelope")
	}
	key, payload, err := b.Envelope.open(keys)
	if err != nil {
		return Key{}, err
	}
	return key, checkStatement(payload, d)
}

// open returns the payload and the key that signed it.
func (e *envelope) open(keys []Key) (Key, []byte, error) {
	if len(e.Signatures) != 1 {
		return Key{}, nil, fmt.Errorf("an envelope with %d signatures, expected one", len(e.Signatures))
	}
	payload, err := decodeBase64(e.Payload)
	if err != nil {
		return Key{}, nil, fmt.Errorf("payload: %w", err)
	}
	signature, err := decodeBase64(e.Signatures[0].Signature)
	if err != nil {
		return Key{}, nil, fmt.Errorf("signature: %w", err)
	}
	key, err := signer(keys, authenticated(e.PayloadType, payload), signature)
	switch {
	case err != nil:
		return Key{}, nil, err
	case e.PayloadType != payloadInToto:
		return Key{}, nil, fmt.Errorf("a payload of type %.100q, expected %s", e.PayloadType, payloadInToto)
	}
	return key, payload, nil
}

// authenticated returns what is signed of an envelope, its pre-authentication encoding:
// https://github.com/secure-systems-lab/dsse/blob/v1.0.2/protocol.md
func authenticated(payloadType string, payload []byte) []byte {
	return fmt.Appendf(nil, "%s %d %s %d %s", authenticationV1, len(payloadType), payloadType, len(payload), payload)
}

// checkStatement checks that a statement says that d is signed.
func checkStatement(payload []byte, d digest.Digest) error {
	var s statement
	if err := strictjson.Unmarshal(payload, &s); err != nil {
		return fmt.Errorf("not a statement: %w", err)
	}
	switch {
	case s.Predicate != predicateCosign: // such as an attestation
		return fmt.Errorf("a statement about something else, %.100q", s.Predicate)
	case s.Type != statementInToto:
		return fmt.Errorf("a statement of type %.100q, expected %s", s.Type, statementInToto)
	case len(s.Subjects) == 0:
		return errors.New("a statement about nothing")
	}
	for _, subject := range s.Subjects {
		if subject.Digest[d.Algorithm().String()] == d.Encoded() {
			return nil
		}
	}
	return fmt.Errorf("a signature of another image, %.80q", s.Subjects[0].Digest[d.Algorithm().String()])
}
