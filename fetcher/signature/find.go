package signature

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"hocker/fetcher/bounded"
	"hocker/fetcher/bytecount"
	"hocker/fetcher/content"
	"hocker/fetcher/image"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// The limits for one digest. An image has one or two signatures, some dozens if every build
// signs it again, and perhaps a dozen other things that refer to it, such as attestations.
const (
	maxManifests  = 100
	maxSignatures = 100
	// maxSignature is the size of a bundle or payload, in bytes. With certificates and
	// proofs of a log, a bundle has some ten thousand.
	maxSignature = 1 << 20
	// maxAll is the size of all of them.
	maxAll = 8 << 20
)

// found are the signatures of one digest, as far as they were looked for.
type found struct {
	source Source
	repo   reference.Repository
	digest digest.Digest

	mu         sync.Mutex
	looked     int // number of places
	seen       map[digest.Digest]bool
	signatures []Signature
	kinds      []Kind   // of signatures
	bytes      int      // the size of the signatures
	notes      []string // what was not read, and why
	err        error    // the first failure of the registry
}

// places are where cosign puts signatures, in the order in which they are looked for: by
// the OCI's API for referrers; under the tag that the OCI defines for registries without
// it, as cosign 3 uses it; under cosign 2's own tag.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
var places = []func(*found, context.Context) error{(*found).lookAtReferrers, (*found).lookAtFallback, (*found).lookAtCosignTag}

// at returns signature number i, and looks for it at the next places while there are
// fewer.
func (f *found) at(ctx context.Context, i int) (Signature, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i >= len(f.signatures) && f.looked < len(places) {
		look := places[f.looked]
		f.looked++
		f.note("", look(f, ctx))
	}
	if i >= len(f.signatures) {
		return Signature{}, false
	}
	return f.signatures[i], true
}

// note records why something was not read. A place without signatures is as good as none:
// registries answer that in many ways. But a failure may hide a signature.
func (f *found) note(what string, err error) {
	switch {
	case err == nil || what == "" && errors.Is(err, content.ErrNotFound):
		return
	case f.err == nil && errors.Is(err, content.ErrUnavailable):
		f.err = err
	}
	f.notes = append(f.notes, what+err.Error())
}

func (f *found) lookAtReferrers(ctx context.Context) error {
	list, err := f.source.Referrers(ctx, f.repo, f.digest)
	if err != nil {
		return err
	}
	return f.readAll(ctx, list)
}

func (f *found) lookAtFallback(ctx context.Context) error {
	m, err := f.source.Manifest(ctx, f.tagged(""))
	if err != nil {
		return err
	}
	index, err := image.ParseIndex(m.Bytes)
	if err != nil {
		return fmt.Errorf("%s: %w", f.tagged("").Familiar(), err)
	}
	return f.readAll(ctx, index.Manifests)
}

func (f *found) lookAtCosignTag(ctx context.Context) error {
	m, err := f.source.Manifest(ctx, f.tagged(".sig"))
	if err != nil {
		return err
	}
	return f.read(ctx, m)
}

// tagged returns the tag that stands for the digest.
func (f *found) tagged(suffix string) reference.Reference {
	return reference.Reference{Repository: f.repo, Tag: f.digest.Algorithm().String() + "-" + f.digest.Encoded() + suffix}
}

// readAll reads the signatures of those manifests of a list that may have one. The list
// does not decide: registries without the API, and some with it, state the type of
// cosign's config as that of the manifest.
func (f *found) readAll(ctx context.Context, list []ocispec.Descriptor) error {
	for _, d := range list {
		if !mayBeSignature(d) || f.seen[d.Digest] {
			continue
		}
		if len(f.seen) == maxManifests {
			return fmt.Errorf("more than %d manifests that may have a signature, the limit", maxManifests)
		}
		f.seen[d.Digest] = true
		m, err := f.source.Manifest(ctx, reference.Reference{Repository: f.repo, Digest: d.Digest})
		if err == nil {
			err = f.read(ctx, m)
		}
		f.note("a signature: ", err)
	}
	return nil
}

// The types of a referrer that may have a signature: what cosign states, and what a
// registry states if it takes the type of cosign's empty config.
var signatureTypes = map[string]bool{
	MediaTypeBundle: true,
	"application/vnd.dev.cosign.artifact.sig.v1+json": true,
	ocispec.MediaTypeEmptyJSON:                        true,
	ocispec.MediaTypeImageConfig:                      true,
	"":                                                true,
}

func mayBeSignature(d ocispec.Descriptor) bool {
	isManifest := d.MediaType == ocispec.MediaTypeImageManifest || d.MediaType == ""
	return isManifest && signatureTypes[d.ArtifactType]
}

// read reads the signatures in the layers of a manifest.
func (f *found) read(ctx context.Context, m image.Manifest) error {
	var manifest ocispec.Manifest
	if err := image.Unmarshal("manifest", m.Bytes, &manifest); err != nil {
		return err
	}
	for _, layer := range manifest.Layers {
		if layer.MediaType != MediaTypeBundle && layer.MediaType != MediaTypeSimpleSigning {
			continue
		}
		if len(f.signatures) == maxSignatures {
			return fmt.Errorf("more than %d signatures, the limit", maxSignatures)
		}
		data, err := f.blob(ctx, layer)
		if err != nil {
			f.note("a signature: ", err)
			continue
		}
		if f.bytes += len(data); f.bytes > maxAll {
			return fmt.Errorf("signatures of more than %s, the limit", bytecount.Format(maxAll))
		}
		s := Signature{layer.MediaType, data, layer.Annotations[annotationSignature]}
		f.signatures = append(f.signatures, s)
		f.kinds = append(f.kinds, kindOf(s, layer.Annotations[annotationCertificate] != ""))
	}
	return nil
}

// blob reads a small blob.
func (f *found) blob(ctx context.Context, d ocispec.Descriptor) ([]byte, error) {
	if _, err := reference.ParseDigest(d.Digest.String()); err != nil {
		return nil, err
	}
	if d.Size > maxSignature {
		return nil, &bounded.TooLargeError{Limit: maxSignature, What: "a signature"}
	}
	body, err := f.source.Blob(ctx, f.repo, d)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return bounded.Read(body, maxSignature, "a signature")
}
