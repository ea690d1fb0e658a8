package test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
)

// signaturesDocument is docs/signatures.md.
var signaturesDocument = document{
	path:    "docs/signatures.md",
	account: readmeAccount,
	outputs: []documentOutput{
		{words: "hocker lock add --verify-key", output: `(?m)^debian +- +→ +sha256:`},
		{words: "hocker lock list", output: `(?m)^debian .* sha256:\w{12}\nredis .* no-verify$`},
		{words: "hocker verify debian", output: `(?m)^debian:bookworm: signed by sha256:\w{64} \(cosign\.pub\): sha256:\w{64}$`},
		{words: "hocker verify ./result", output: `(?m)^\./result: signed by sha256:\w{64} \(cosign\.pub\): sha256:\w{64}$`},
		{words: "hocker lock add --policy", output: `(?m)^warning: redis:8: the policy accepts it without a signature$`},
	},
	use: useSignatures,
}

// TestSignaturesDocument follows docs/signatures.md.
func TestSignaturesDocument(t *testing.T) {
	signaturesDocument.read(t, func(b *box) { b.sign("library/debian", "bookworm") })
}

// useSignatures writes the document's policy.json.
func useSignatures(r *reader, block documentBlock) bool {
	if block.language == "json" {
		r.box.write(filepath.Join(r.box.folder, "policy.json"), block.text, 0o644)
	}
	return block.language == "json"
}

// sign signs an image of Docker Hub in the box as cosign 2 does, with the key of
// cosign.pub in the folder. skopeo pushes the signature.
func (b *box) sign(repository, tag string) {
	b.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		b.t.Fatal(err)
	}
	b.write(filepath.Join(b.folder, "cosign.pub"), string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), 0o644)
	image, err := b.command("hocker", "manifest", "--index", "--digest", repository+":"+tag).Output()
	if err != nil {
		b.t.Fatal(err)
	}
	signed := digest.Digest(strings.TrimSpace(string(image)))
	payload := fmt.Sprintf(`{"critical":{"identity":{"docker-reference":"index.docker.io/%s:%s"},"image":{"docker-manifest-digest":%q},"type":"cosign container image signature"},"optional":null}`,
		repository, tag, signed)
	sum := sha256.Sum256([]byte(payload))
	signature, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
	if err != nil {
		b.t.Fatal(err)
	}
	b.pushSignature(repository, tagOf(signed)+".sig", payload, base64.StdEncoding.EncodeToString(signature))
}

// pushSignature pushes a signature of cosign 2 under a tag.
func (b *box) pushSignature(repository, tag, payload, signature string) {
	b.t.Helper()
	layout := filepath.Join(b.dir, "signature")
	put := func(mediaType, content string) map[string]any {
		d := digest.FromString(content)
		b.write(filepath.Join(layout, "blobs/sha256", d.Encoded()), content, 0o644)
		return map[string]any{"mediaType": mediaType, "digest": d, "size": len(content)}
	}
	layer := put("application/vnd.dev.cosign.simplesigning.v1+json", payload)
	layer["annotations"] = map[string]string{signatureAnnotation: signature}
	config := put("application/vnd.oci.image.config.v1+json",
		fmt.Sprintf(`{"architecture":"","os":"","config":{},"rootfs":{"type":"layers","diff_ids":[%q]}}`, layer["digest"]))
	manifest, err := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": manifestType, "config": config, "layers": []any{layer}})
	if err != nil {
		b.t.Fatal(err)
	}
	index, err := json.Marshal(map[string]any{"schemaVersion": 2, "manifests": []any{put(manifestType, string(manifest))}})
	if err != nil {
		b.t.Fatal(err)
	}
	b.write(filepath.Join(layout, "index.json"), string(index), 0o644)
	b.write(filepath.Join(layout, "oci-layout"), `{"imageLayoutVersion":"1.0.0"}`, 0o644)
	b.mustRun("skopeo", "copy", "--preserve-digests", "--dest-tls-verify=false", "--dest-creds", "library:of-the-hub",
		"oci:"+layout, "docker://"+b.behind.Addr()+"/"+repository+":"+tag)
}
