package main

import (
	"context"
	"fmt"

	"hocker/fetcher/archive"
	"hocker/fetcher/image"
	"hocker/fetcher/inspect"
	"hocker/fetcher/reference"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// describe describes the image of a manifest.
func (s source) describe(ctx context.Context, m *image.Resolved) (*inspect.Image, error) {
	data, err := s.config(ctx, m)
	if err != nil {
		return nil, err
	}
	i, err := inspect.New(m.Image.Layers, data)
	if err == nil {
		err = i.SetManifest(m.Manifest, m.Index)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.ref.Familiar(), err)
	}
	i.Reference, i.Config = s.ref.String(), m.Image.Config.Digest
	return i, nil
}

// describedFile is an image in files.
type describedFile struct {
	from  *archive.Composition
	image *inspect.Image
}

// describeFiles describes the images at a path.
func describeFiles(ctx context.Context, path string, platform platformFlag) ([]describedFile, error) {
	want, err := platform.platform()
	if err != nil {
		return nil, &usageError{err: err}
	}
	compositions, err := openImages(ctx, path, path, want)
	if err != nil {
		return nil, err
	}
	var files []describedFile
	for n := range compositions {
		c := &compositions[n]
		if platform.Platform != "" {
			c.Platform = platform.Platform
		}
		i, err := describeFile(ctx, c)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		files = append(files, describedFile{c, i})
	}
	return files, nil
}

func describeFile(ctx context.Context, c *archive.Composition) (*inspect.Image, error) {
	if err := c.Complete(ctx); err != nil {
		return nil, err
	}
	data, err := c.ConfigBytes()
	if err != nil {
		return nil, err
	}
	var layers []ocispec.Descriptor
	for _, layer := range c.Layers {
		layers = append(layers, layer.Descriptor)
	}
	i, err := inspect.New(layers, data)
	if err != nil {
		return nil, err
	}
	if ref, err := reference.Parse(c.Reference); err == nil {
		i.Reference = ref.String()
	}
	var m image.Manifest
	if c.Manifest != nil {
		m.Digest = c.Manifest.Digest
		if m.Bytes, err = c.ManifestBytes(); err != nil {
			return nil, err
		}
	}
	return i, i.SetManifest(m, c.Index)
}
