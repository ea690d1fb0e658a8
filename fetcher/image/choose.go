package image

import (
	"context"
	"fmt"
	"strings"

	"hocker/fetcher/reference"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// NoPlatformError is returned for an index without an image for a platform.
type NoPlatformError struct {
	Want ocispec.Platform
	Have []ocispec.Platform
	// Missing is the first error for a document that the index names and the
	// registry does not have, or nil.
	Missing error
}

func (e *NoPlatformError) Error() string {
	names := make([]string, len(e.Have))
	for i, p := range e.Have {
		names[i] = FormatPlatform(p)
	}
	msg := fmt.Sprintf("no image for %s: the index has ", FormatPlatform(e.Want))
	if len(names) == 0 {
		msg += "no images"
	}
	msg += strings.Join(names, ", ")
	if e.Missing != nil {
		msg += ", and some of its manifests are missing: " + e.Missing.Error()
	}
	return msg
}

func (e *NoPlatformError) Unwrap() error { return e.Missing }

// choice is the best image for a platform among those seen so far.
type choice struct {
	want ocispec.Platform
	best ocispec.Descriptor
	rank int // of best, by runsOn; below 0 before the first
	have []ocispec.Platform
}

// consider compares an image, whose platform is known, with the best so far.
func (c *choice) consider(d ocispec.Descriptor) {
	c.have = append(c.have, *d.Platform)
	if rank := runsOn(*d.Platform, c.want); rank >= 0 && (c.rank < 0 || rank < c.rank) {
		c.best, c.rank = d, rank
	}
}

// Choose returns the entry of an index that best fits a machine of platform
// want: the first with exactly its variant, else one with the newest variant
// that the machine runs. It requests no more than it needs: nested indexes only
// while no entry fits exactly, and the configs of entries without a platform
// only if no entry with one fits. A single image without a platform is returned
// as it is, and its config decides.
//
// Errors: those of the source, *[KindMismatchError], *[NoPlatformError].
func Choose(ctx context.Context, source Source, repo reference.Repository, index Manifest, want ocispec.Platform) (ocispec.Descriptor, error) {
	w := newWalk(source, repo)
	c := choice{want: want, rank: -1}
	level, err := w.open(index, nil)
	var unnamed []ocispec.Descriptor
	for err == nil && len(level) > 0 && c.rank != 0 {
		var nested []ocispec.Descriptor
		for _, d := range level {
			switch {
			case IsIndex(d):
				nested = append(nested, d)
			case d.Platform == nil:
				unnamed = append(unnamed, d)
			default:
				c.consider(d)
			}
		}
		level = nil
		if c.rank != 0 {
			level, err = w.openAll(ctx, nested, func(p ocispec.Platform) bool { return sameMachine(p, want) })
		}
	}
	switch {
	case err != nil:
		return ocispec.Descriptor{}, err
	case c.rank < 0 && len(c.have) == 0 && len(unnamed) == 1:
		return unnamed[0], nil
	case c.rank < 0:
		err = w.lookUp(ctx, unnamed, &c)
	}
	if err == nil && c.rank < 0 {
		err = &NoPlatformError{Want: want, Have: c.have, Missing: w.missing}
	}
	return c.best, err
}

// lookUp considers images without a platform until one fits exactly.
func (w *walk) lookUp(ctx context.Context, unnamed []ocispec.Descriptor, c *choice) error {
	for _, d := range unnamed {
		platform, err := w.platformOf(ctx, d)
		if err != nil {
			return err
		}
		if platform == nil {
			continue
		}
		d.Platform = platform
		c.consider(d)
		if c.rank == 0 {
			return nil
		}
	}
	return nil
}

// Images returns the images of an index, in order, with those of a nested index
// in its place. Each has its platform. Attestations and missing documents are
// left out.
//
// Errors: those of the source, *[KindMismatchError].
func Images(ctx context.Context, source Source, repo reference.Repository, index Manifest) ([]ocispec.Descriptor, error) {
	w := newWalk(source, repo)
	entries, err := w.open(index, nil)
	if err != nil {
		return nil, err
	}
	images, err := w.images(ctx, entries)
	if err == nil && len(images) == 0 {
		err = w.missing
	}
	return images, err
}

func (w *walk) images(ctx context.Context, entries []ocispec.Descriptor) ([]ocispec.Descriptor, error) {
	var images []ocispec.Descriptor
	for _, d := range entries {
		if IsIndex(d) {
			inner, err := w.openAll(ctx, []ocispec.Descriptor{d}, func(ocispec.Platform) bool { return true })
			if err != nil {
				return nil, err
			}
			below, err := w.images(ctx, inner)
			if err != nil {
				return nil, err
			}
			images = append(images, below...)
			continue
		}
		if d.Platform == nil {
			platform, err := w.platformOf(ctx, d)
			if err != nil {
				return nil, err
			}
			d.Platform = platform
		}
		if d.Platform != nil {
			images = append(images, d)
		}
	}
	return images, nil
}
