package test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"

	"github.com/opencontainers/go-digest"
)

// keepSignature writes a key, cosign.pub, and its signature of the image, where hocker
// keeps them: in the folder cache.
func (e *endTest) keepSignature(image digest.Digest) error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return err
	}
	payload := fmt.Appendf(nil, `{"critical":{"identity":{"docker-reference":"demo/app"},"image":{"docker-manifest-digest":%q},"type":"cosign container image signature"},"optional":null}`, image)
	kept, err := json.Marshal(map[string]any{"signatures": []any{map[string]any{
		"digest":    image,
		"mediaType": "application/vnd.dev.cosign.simplesigning.v1+json",
		"data":      payload,
		"signature": ed25519.Sign(private, payload), // both are written in base64
	}}})
	if err != nil {
		return err
	}
	folder := filepath.Join(e.files, "cache", "hocker", "signatures")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, tagOf(image)+".json"), kept, 0o644); err != nil {
		return err
	}
	key := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	return os.WriteFile(filepath.Join(e.files, "cosign.pub"), key, 0o644)
}
