package image

import (
	"cmp"
	"context"
	"fmt"

	"hocker/fetcher"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// ManifestSource is where manifests come from; *[fetcher.Client] is one.
type ManifestSource interface {
	Manifest(ctx context.Context, ref fetcher.Reference) (fetcher.Manifest, error)
}

// Resolved is an image manifest in its own bytes and as data.
type Resolved struct {
	fetcher.Manifest
	Image ocispec.Manifest
}

// mediaType is the manifest's own word on its type, else the registry's.
func (r *Resolved) mediaType() string {
	return cmp.Or(r.Image.MediaType, r.MediaType, ocispec.MediaTypeImageManifest)
}

// maxIndexDepth bounds indexes within indexes. Real ones have two levels.
const maxIndexDepth = 4

// Resolve fetches what ref names and, where that is an index, the manifest in
// it that fits platform best.
//
// Errors: those of the source, *[KindMismatchError], *[NoPlatformError].
func Resolve(ctx context.Context, source ManifestSource, ref fetcher.Reference, platform ocispec.Platform) (Resolved, error) {
	m, err := source.Manifest(ctx, ref)
	if err != nil {
		return Resolved{}, err
	}
	if Identify(m.Bytes) == KindIndex {
		entries, err := Entries(ctx, source, ref.Repository, m)
		if err != nil {
			return Resolved{}, fmt.Errorf("index of %s: %w", ref.Familiar(), err)
		}
		chosen, err := Choose(entries, platform)
		if err != nil {
			return Resolved{}, fmt.Errorf("%s: %w", ref.Familiar(), err)
		}
		return resolveEntry(ctx, source, ref.Repository, chosen.Digest)
	}
	return parseResolved(ref, m)
}

// resolveEntry fetches a manifest that an index names.
func resolveEntry(ctx context.Context, source ManifestSource, repo fetcher.Repository, d digest.Digest) (Resolved, error) {
	ref := fetcher.Reference{Repository: repo, Digest: d}
	m, err := source.Manifest(ctx, ref)
	if err != nil {
		return Resolved{}, err
	}
	return parseResolved(ref, m)
}

func parseResolved(ref fetcher.Reference, m fetcher.Manifest) (Resolved, error) {
	parsed, err := ParseManifest(m.Bytes)
	if err != nil {
		return Resolved{}, fmt.Errorf("manifest of %s: %w", ref.Familiar(), err)
	}
	return Resolved{m, parsed}, nil
}

// Entries returns the entries of an index, with those of the indexes in it in
// their place.
//
// Errors: those of the source, *[KindMismatchError].
func Entries(ctx context.Context, source ManifestSource, repo fetcher.Repository, index fetcher.Manifest) ([]ocispec.Descriptor, error) {
	return flatten(ctx, source, repo, index, 0)
}

// flatten is Entries, at some depth.
func flatten(ctx context.Context, source ManifestSource, repo fetcher.Repository, m fetcher.Manifest, depth int) ([]ocispec.Descriptor, error) {
	if depth == maxIndexDepth {
		return nil, fmt.Errorf("indexes in indexes, more than %d deep", maxIndexDepth)
	}
	index, err := ParseIndex(m.Bytes)
	if err != nil {
		return nil, err
	}
	var entries []ocispec.Descriptor
	for _, d := range index.Manifests {
		if !isIndex(d) {
			entries = append(entries, d)
			continue
		}
		inner, err := source.Manifest(ctx, fetcher.Reference{Repository: repo, Digest: d.Digest})
		if err != nil {
			return nil, err
		}
		below, err := flatten(ctx, source, repo, inner, depth+1)
		if err != nil {
			return nil, err
		}
		entries = append(entries, below...)
	}
	return entries, nil
}

// Platforms returns the images in the index that ref names, in its order,
// without attestations.
//
// Errors: those of the source, *[KindMismatchError] if ref is no index.
func Platforms(ctx context.Context, source ManifestSource, ref fetcher.Reference) ([]ocispec.Descriptor, error) {
	m, err := source.Manifest(ctx, ref)
	if err != nil {
		return nil, err
	}
	entries, err := Entries(ctx, source, ref.Repository, m)
	if err != nil {
		return nil, fmt.Errorf("index of %s: %w", ref.Familiar(), err)
	}
	var images []ocispec.Descriptor
	for _, d := range entries {
		if d.Platform != nil && !IsAttestation(d) {
			images = append(images, d)
		}
	}
	return images, nil
}
