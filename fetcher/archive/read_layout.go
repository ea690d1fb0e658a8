package archive

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"hocker/fetcher/content"
	"hocker/fetcher/image"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// readOCILayout reads the images of an OCI layout. Entries of its index with the same
// name are one image for several platforms. Entries without a name are different images
// if they are for the same platform: docker save writes these for images saved by ID.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
func readOCILayout(ctx context.Context, t tree, table File, want ocispec.Platform) ([]Composition, error) {
	data, err := table.read("manifest", image.MaxManifestSize)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ocispec.ImageIndexFile, err)
	}
	index, err := image.ParseIndex(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ocispec.ImageIndexFile, err)
	}
	if err := checkCount(ocispec.ImageIndexFile, len(index.Manifests)); err != nil {
		return nil, err
	}
	var names []string
	entries := map[string][]ocispec.Descriptor{}
	for _, d := range index.Manifests {
		name := entryName(d)
		if entries[name] == nil {
			names = append(names, name)
		}
		entries[name] = append(entries[name], d)
	}
	source := ociLayout{t, want}
	var images []Composition
	for _, name := range names {
		manifests, err := source.choose(ctx, name, entries[name])
		if err != nil {
			return nil, err
		}
		index, err := source.index(ctx, entries[name])
		if err != nil {
			return nil, err
		}
		for _, d := range manifests {
			c, err := source.composition(d)
			if err != nil {
				return nil, err
			}
			c.Reference = name
			c.Index = index
			images = append(images, c)
		}
	}
	return images, nil
}

// entryName returns the name of an image in the index of a layout, or "". A tag alone
// is not a name, since an engine could not use it.
func entryName(d ocispec.Descriptor) string {
	name := d.Annotations[ocispec.AnnotationRefName]
	if !strings.ContainsAny(name, ":/") {
		name = ""
	}
	name = cmp.Or(d.Annotations[annotationImageName], name)
	if ref, err := reference.Parse(name); err != nil || ref.Digest != "" {
		return ""
	}
	return name
}

// ociLayout is the source of the documents in an OCI layout.
type ociLayout struct {
	tree
	want ocispec.Platform
}

// choose returns the manifests for the wanted platform among entries of the index that have
// the same name, or none.
func (l ociLayout) choose(ctx context.Context, name string, entries []ocispec.Descriptor) ([]ocispec.Descriptor, error) {
	index, err := indexDocument(entries...)
	if err != nil {
		return nil, err
	}
	chosen, err := image.Choose(ctx, l, reference.Repository{}, index, l.want)
	if err != nil {
		return nil, err
	}
	if name != "" || len(entries) == 1 || chosen.Platform == nil {
		return []ocispec.Descriptor{chosen}, nil
	}
	var manifests []ocispec.Descriptor
	for _, entry := range entries {
		index, err := indexDocument(entry)
		if err != nil {
			return nil, err
		}
		images, err := image.Images(ctx, l, reference.Repository{}, index)
		if err != nil && !errors.Is(err, content.ErrNotFound) {
			return nil, err
		}
		same := slices.IndexFunc(images, func(d ocispec.Descriptor) bool {
			return image.FormatPlatform(*d.Platform) == image.FormatPlatform(*chosen.Platform)
		})
		if same >= 0 {
			manifests = append(manifests, images[same])
		}
	}
	return manifests, nil
}

// index returns the index that the only entry for an image leads to, or the zero value.
func (l ociLayout) index(ctx context.Context, entries []ocispec.Descriptor) (image.Manifest, error) {
	if len(entries) != 1 || !image.IsIndex(entries[0]) {
		return image.Manifest{}, nil
	}
	return l.Manifest(ctx, reference.Reference{Digest: entries[0].Digest})
}

func indexDocument(entries ...ocispec.Descriptor) (image.Manifest, error) {
	data, err := json.Marshal(ocispec.Index{MediaType: ocispec.MediaTypeImageIndex, Manifests: entries})
	return image.Manifest{Bytes: data}, err
}

// composition returns the image with this manifest.
func (l ociLayout) composition(d ocispec.Descriptor) (Composition, error) {
	file, data, err := l.document("manifest", image.MaxManifestSize, d.Digest)
	if err != nil {
		return Composition{}, err
	}
	m, err := image.ParseManifest(data)
	if err != nil {
		return Composition{}, fmt.Errorf("manifest %s: %w", d.Digest, err)
	}
	c := Composition{Manifest: &file}
	if c.Config, err = l.blob(m.Config); err != nil {
		return Composition{}, err
	}
	for _, d := range m.Layers {
		layer, err := l.blob(d)
		if err != nil {
			return Composition{}, err
		}
		c.Layers = append(c.Layers, layer)
	}
	return c, nil
}

// blob returns the file of a blob, and an error unless it has the size in the
// descriptor.
func (l ociLayout) blob(d ocispec.Descriptor) (File, error) {
	file, err := l.file(blobName(d.Digest))
	if errors.Is(err, fs.ErrNotExist) && image.IsForeign(d) {
		return File{}, &image.ForeignError{Digest: d.Digest, URLs: d.URLs}
	}
	if err != nil {
		return File{}, missingBlob(err)
	}
	size, err := file.contentSize()
	if err == nil && size != d.Size {
		err = fmt.Errorf("%s has %d bytes, expected %d", blobName(d.Digest), size, d.Size)
	}
	file.Digest = d.Digest
	return file, err
}

// Manifest implements [image.Source].
func (l ociLayout) Manifest(_ context.Context, ref reference.Reference) (image.Manifest, error) {
	_, data, err := l.document("manifest", image.MaxManifestSize, ref.Digest)
	return image.Manifest{Digest: ref.Digest, Bytes: data}, err
}

// Config implements [image.Source].
func (l ociLayout) Config(_ context.Context, _ reference.Repository, d ocispec.Descriptor) ([]byte, error) {
	_, data, err := l.document("config", image.MaxConfigSize, d.Digest)
	return data, err
}

// document returns a verified manifest or config.
func (l ociLayout) document(what string, limit int64, d digest.Digest) (File, []byte, error) {
	file, err := l.file(blobName(d))
	if err != nil {
		return File{}, nil, missingBlob(err)
	}
	data, err := file.read(what, limit)
	if err != nil {
		return File{}, nil, fmt.Errorf("%s %s: %w", what, d, err)
	}
	if got := digest.FromBytes(data); got != d {
		return File{}, nil, &content.VerifyError{Want: d, Got: got, Read: int64(len(data)), Size: content.SizeUnknown}
	}
	file.Digest = d
	return file, data, nil
}

// missingBlob makes the error for a missing blob match [content.ErrNotFound].
func missingBlob(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %w", content.ErrNotFound, err)
	}
	return err
}
