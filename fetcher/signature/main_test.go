package signature

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"hocker/fetcher/content"
	"hocker/fetcher/image"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// fixture is the image that the files in testdata/cosign sign.
const fixture digest.Digest = "sha256:dc1548a3f90c6f3b547402f46106330a6fd3f9541990a393111465db23c63428"

// pair is a key pair.
type pair struct {
	key  Key
	pem  []byte
	sign func(message []byte) []byte
}

// ed25519Pair returns the key pair that a byte stands for.
func ed25519Pair(t testing.TB, seed byte) pair {
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
	return newPair(t, private.Public(), func(message []byte) []byte { return ed25519.Sign(private, message) })
}

func newPair(t testing.TB, public crypto.PublicKey, sign func([]byte) []byte) pair {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	data := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	keys, err := ParseKeys("test.pub", data)
	if err != nil {
		t.Fatal(err)
	}
	return pair{keys[0], data, sign}
}

// pssPair returns a key pair that signs with RSA-PSS.
func pssPair(t testing.TB) pair {
	private, err := rsa.GenerateKey(rand.Reader, minRSA)
	if err != nil {
		t.Fatal(err)
	}
	return newPair(t, private.Public(), func(message []byte) []byte {
		sum := sha256.Sum256(message)
		signature, err := rsa.SignPSS(rand.Reader, private, crypto.SHA256, sum[:], nil)
		if err != nil {
			t.Fatal(err)
		}
		return signature
	})
}

// statementOf returns the statement of cosign 3 about an image.
func statementOf(d digest.Digest) string {
	return fmt.Sprintf(`{"_type":%q,"subject":[{"digest":{"sha256":%q},"annotations":{}}],"predicateType":%q,"predicate":{}}`,
		statementInToto, d.Encoded(), predicateCosign)
}

// bundle returns a bundle with a payload.
func (p pair) bundle(payloadType, payload string) []byte {
	signature := p.sign(authenticated(payloadType, []byte(payload)))
	return fmt.Appendf(nil, `{"mediaType":%q,"verificationMaterial":{"publicKey":{"hint":""}},"dsseEnvelope":{"payload":%q,"payloadType":%q,"signatures":[{"sig":%q}]}}`,
		MediaTypeBundle, base64.StdEncoding.EncodeToString([]byte(payload)), payloadType, base64.StdEncoding.EncodeToString(signature))
}

func (p pair) bundleOf(d digest.Digest) Signature {
	return Signature{MediaType: MediaTypeBundle, Data: p.bundle(payloadInToto, statementOf(d))}
}

// payloadOf returns the payload of cosign 2 about an image.
func payloadOf(reference string, d digest.Digest) string {
	return fmt.Sprintf(`{"critical":{"identity":{"docker-reference":%q},"image":{"docker-manifest-digest":%q},"type":%q},"optional":null}`,
		reference, d, payloadCosign)
}

func (p pair) simple(payload string) Signature {
	return Signature{MediaTypeSimpleSigning, []byte(payload), base64.StdEncoding.EncodeToString(p.sign([]byte(payload)))}
}

// fixtureFile reads a file that cosign made.
func fixtureFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "cosign", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// registry is a source with signatures.
type registry struct {
	manifests map[string][]byte // by tag or digest
	blobs     map[digest.Digest][]byte
	referrers map[digest.Digest][]ocispec.Descriptor // nil: no API
	errs      map[string]error                       // by tag or digest, or "referrers"
	asked     []string
}

func newRegistry() *registry {
	return &registry{manifests: map[string][]byte{}, blobs: map[digest.Digest][]byte{}, errs: map[string]error{}}
}

func (r *registry) Manifest(_ context.Context, ref reference.Reference) (image.Manifest, error) {
	r.asked = append(r.asked, ref.Identifier())
	data, ok := r.manifests[ref.Identifier()]
	switch {
	case r.errs[ref.Identifier()] != nil:
		return image.Manifest{}, r.errs[ref.Identifier()]
	case !ok:
		return image.Manifest{}, content.ErrNotFound
	}
	return image.Manifest{Digest: digest.FromBytes(data), Bytes: data}, nil
}

func (r *registry) Blob(_ context.Context, _ reference.Repository, d ocispec.Descriptor) (io.ReadCloser, error) {
	r.asked = append(r.asked, "blob "+d.Digest.String())
	data, ok := r.blobs[d.Digest]
	if !ok {
		return nil, content.ErrNotFound
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

func (r *registry) Referrers(_ context.Context, _ reference.Repository, d digest.Digest) ([]ocispec.Descriptor, error) {
	r.asked = append(r.asked, "referrers "+d.String())
	switch {
	case r.errs["referrers"] != nil:
		return nil, r.errs["referrers"]
	case r.referrers == nil:
		return nil, content.ErrNotFound
	}
	return r.referrers[d], nil
}

// put adds a manifest with signatures, and returns its descriptor.
func (r *registry) put(t *testing.T, signatures ...Signature) ocispec.Descriptor {
	t.Helper()
	m := ocispec.Manifest{MediaType: ocispec.MediaTypeImageManifest, ArtifactType: MediaTypeBundle, Config: ocispec.DescriptorEmptyJSON}
	m.SchemaVersion = 2
	for _, s := range signatures {
		d := digest.FromBytes(s.Data)
		r.blobs[d] = s.Data
		layer := ocispec.Descriptor{MediaType: s.MediaType, Digest: d, Size: int64(len(s.Data))}
		if s.Signature != "" {
			layer.Annotations = map[string]string{annotationSignature: s.Signature}
		}
		m.Layers = append(m.Layers, layer)
	}
	return r.putJSON(t, "", m)
}

// putJSON adds a document under its digest and, if there is one, a tag.
func (r *registry) putJSON(t *testing.T, tag string, document any) ocispec.Descriptor {
	t.Helper()
	data, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	d := digest.FromBytes(data)
	r.manifests[d.String()] = data
	if tag != "" {
		r.manifests[tag] = data
	}
	return ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: d, Size: int64(len(data))}
}

// index returns an index of manifests.
func index(list ...ocispec.Descriptor) ocispec.Index {
	i := ocispec.Index{MediaType: ocispec.MediaTypeImageIndex, Manifests: list}
	i.SchemaVersion = 2
	return i
}

func parseReference(t testing.TB, s string) reference.Reference {
	t.Helper()
	ref, err := reference.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}
