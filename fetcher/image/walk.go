package image

import (
	"context"
	"errors"
	"fmt"

	"hocker/fetcher/content"
	"hocker/fetcher/reference"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// The limits for one index. Real ones have some thirty entries and no nested
// index. A hostile one may have as many as fit into 4 MiB, each of them an
// index of that size.
const (
	maxEntries   = 1000
	maxDocuments = 100 // indexes, manifests and configs, including the index itself
)

var (
	errEntries   = errors.New("the index and those nested in it have more than 1,000 manifests, the limit")
	errDocuments = errors.New("reading the index takes more than 100 requests, the limit")
)

// walk goes through an index and the indexes nested in it.
type walk struct {
	source             Source
	repo               reference.Repository
	entries, documents int
	opened             map[string]bool // indexes, by digest and platform
	missing            error           // the first error for a document that does not exist
}

func newWalk(source Source, repo reference.Repository) *walk {
	return &walk{source: source, repo: repo, opened: map[string]bool{}}
}

// open returns the entries of an index that may be images or indexes. Entries
// without a platform inherit the one that the outer index states for this
// index.
func (w *walk) open(m Manifest, outer *ocispec.Platform) ([]ocispec.Descriptor, error) {
	if err := w.ask(); err != nil {
		return nil, err
	}
	index, err := ParseIndex(m.Bytes)
	if err != nil {
		return nil, err
	}
	if w.entries += len(index.Manifests); w.entries > maxEntries {
		return nil, errEntries
	}
	var entries []ocispec.Descriptor
	for _, d := range index.Manifests {
		if d.Platform == nil {
			d.Platform = outer
		}
		if IsIndex(d) || mayBeImage(d) {
			entries = append(entries, d)
		}
	}
	return entries, nil
}

// ask counts a request for a document.
func (w *walk) ask() error {
	if w.documents++; w.documents > maxDocuments {
		return errDocuments
	}
	return nil
}

// openAll fetches indexes and returns their entries. It skips those for
// unwanted platforms, those opened before, and those that do not exist.
func (w *walk) openAll(ctx context.Context, indexes []ocispec.Descriptor, wanted func(ocispec.Platform) bool) ([]ocispec.Descriptor, error) {
	var entries []ocispec.Descriptor
	for _, d := range indexes {
		key := string(d.Digest)
		if d.Platform != nil {
			key += " " + FormatPlatform(*d.Platform)
		}
		if w.opened[key] || d.Platform != nil && !wanted(*d.Platform) {
			continue
		}
		w.opened[key] = true
		m, err := w.source.Manifest(ctx, reference.Reference{Repository: w.repo, Digest: d.Digest})
		if w.passOver(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		inner, err := w.open(m, d.Platform)
		if err != nil {
			return nil, err
		}
		entries = append(entries, inner...)
	}
	return entries, nil
}

// passOver reports whether err says that a document does not exist. It keeps
// the first such error, in case no image is found.
func (w *walk) passOver(err error) bool {
	if !errors.Is(err, content.ErrNotFound) {
		return false
	}
	if w.missing == nil {
		w.missing = err
	}
	return true
}

// platformOf returns the platform of an entry from its image's config. It
// returns nil if the entry is not an image or does not exist.
func (w *walk) platformOf(ctx context.Context, d ocispec.Descriptor) (*ocispec.Platform, error) {
	if err := w.ask(); err != nil {
		return nil, err
	}
	m, err := w.source.Manifest(ctx, reference.Reference{Repository: w.repo, Digest: d.Digest})
	if err != nil {
		return nil, w.unlessMissing(err)
	}
	image, err := ParseManifest(m.Bytes)
	if err != nil {
		return nil, nil // an artifact
	}
	if err := w.ask(); err != nil {
		return nil, err
	}
	r := Resolved{Manifest: m, Image: image}
	data, err := r.ReadConfig(ctx, w.source, w.repo)
	if err != nil {
		return nil, w.unlessMissing(err)
	}
	config, err := ParseConfig(data)
	if err != nil {
		return nil, nil
	}
	return config.stated(), nil
}

func (w *walk) unlessMissing(err error) error {
	if w.passOver(err) {
		return nil
	}
	return fmt.Errorf("looking up the platform of an entry: %w", err)
}
