package main

import (
	"context"
	"io"

	"hocker/fetcher/archive"
	"hocker/fetcher/engine"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
)

// engineImage returns what an engine needs to know about an image.
func engineImage(c archive.Composition) (engine.Image, error) {
	config, err := c.ImageConfig()
	if err != nil {
		return engine.Image{}, err
	}
	manifest, err := c.ManifestDescriptor()
	if err != nil {
		return engine.Image{}, err
	}
	image := engine.Image{
		Config:   c.Config.Descriptor,
		Manifest: manifest,
		Platform: config.Platform,
		Write: func(ctx context.Context, w io.Writer, named bool, omit func(digest.Digest) bool) error {
			written := c
			if !named {
				written.Reference = ""
			}
			return written.WriteArchive(ctx, w, omit)
		},
		Open: func(_ context.Context, blob digest.Digest) (io.ReadCloser, error) { return c.OpenBlob(blob) },
	}
	for i, layer := range c.Layers {
		image.Layers = append(image.Layers, engine.Layer{Descriptor: layer.Descriptor, DiffID: config.DiffIDs[i]})
	}
	if c.Reference != "" {
		image.Reference, err = reference.Parse(c.Reference)
	}
	return image, err
}
