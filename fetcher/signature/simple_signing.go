package signature

import (
	"fmt"

	"hocker/fetcher/internal/strictjson"

	"github.com/opencontainers/go-digest"
)

// What cosign 2 writes: the media type of a layer that is a payload, the annotation of
// the layer that is its signature, that of a certificate, and the type that a payload
// states.
// https://github.com/sigstore/cosign/blob/v2.6.1/specs/SIGNATURE_SPEC.md
const (
	MediaTypeSimpleSigning = "application/vnd.dev.cosign.simplesigning.v1+json"

	annotationSignature   = "dev.cosignproject.cosign/signature"
	annotationCertificate = "dev.sigstore.cosign/certificate"
	payloadCosign         = "cosign container image signature"
)

// simpleSigning is a payload:
// https://github.com/containers/image/blob/v5.36.0/docs/containers-signature.5.md
type simpleSigning struct {
	Critical struct {
		Identity struct {
			Reference string `json:"docker-reference"`
		} `json:"identity"`
		Image struct {
			Digest string `json:"docker-manifest-digest"`
		} `json:"image"`
		Type string `json:"type"`
	} `json:"critical"`
}

// checkSimpleSigning returns the key that vouches for d with a signature of a payload,
// and the reference that the payload states.
func checkSimpleSigning(payload []byte, encoded string, d digest.Digest, keys []Key) (Key, string, error) {
	signature, err := decodeBase64(encoded)
	if err != nil {
		return Key{}, "", fmt.Errorf("signature: %w", err)
	}
	key, err := signer(keys, payload, signature)
	if err != nil {
		return Key{}, "", err
	}
	var p simpleSigning
	if err := strictjson.Unmarshal(payload, &p); err != nil {
		return Key{}, "", fmt.Errorf("payload: %w", err)
	}
	switch critical := p.Critical; {
	case critical.Type != payloadCosign:
		return Key{}, "", fmt.Errorf("a payload of type %.100q, expected %q", critical.Type, payloadCosign)
	case critical.Image.Digest != d.String():
		return Key{}, "", fmt.Errorf("a signature of another image, %.80q", critical.Image.Digest)
	}
	return key, p.Critical.Identity.Reference, nil
}
