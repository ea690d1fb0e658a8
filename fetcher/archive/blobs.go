package archive

import (
	"bytes"
	"fmt"
	"io"

	"hocker/fetcher/image"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// ImageConfig returns the image's config.
func (c *Composition) ImageConfig() (image.Config, error) {
	_, config, err := c.readConfig()
	if err == nil {
		err = config.CheckLayers(len(c.Layers))
	}
	if err != nil {
		return image.Config{}, fmt.Errorf("config %s: %w", c.Config.Path, err)
	}
	return config, nil
}

// ManifestDescriptor returns the descriptor of the manifest that
// [Composition.ManifestBytes] returns.
func (c *Composition) ManifestDescriptor() (ocispec.Descriptor, error) {
	t, err := c.tables()
	d := t.manifest
	d.Annotations = nil // they belong to the index
	return d, err
}

// OpenBlob opens the config, the manifest or a layer of the image.
func (c *Composition) OpenBlob(d digest.Digest) (io.ReadCloser, error) {
	for _, file := range append([]File{c.Config}, c.Layers...) {
		if file.Digest == d {
			return file.open()
		}
	}
	manifest, err := c.ManifestBytes()
	if err != nil {
		return nil, err
	}
	if digest.FromBytes(manifest) != d {
		return nil, fmt.Errorf("the image has no blob %s", d)
	}
	return io.NopCloser(bytes.NewReader(manifest)), nil
}
