package archive

import (
	"context"
	"fmt"

	"hocker/fetcher/image"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// readDockerArchive reads the images of a docker-archive, one for each name. None has
// another platform beside it.
func readDockerArchive(_ context.Context, t tree, table File, _ ocispec.Platform) ([]Composition, error) {
	data, err := table.read("manifest", image.MaxManifestSize)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dockerTable, err)
	}
	if _, err := image.ParseManifest(data); err == nil {
		return nil, &FormatError{Reason: dockerTable + " is a manifest: copy the folder to an OCI layout, as by skopeo copy dir:FOLDER oci:LAYOUT"}
	}
	var entries []dockerManifest
	if err := image.Unmarshal("table", data, &entries); err != nil {
		return nil, fmt.Errorf("%s: %w", dockerTable, err)
	}
	n := 0
	for _, entry := range entries {
		n += max(len(entry.RepoTags), 1)
	}
	if err := checkCount(dockerTable, n); err != nil {
		return nil, err
	}
	var images []Composition
	for _, entry := range entries {
		c, err := readDockerImage(t, entry)
		if err != nil {
			return nil, err
		}
		if len(entry.RepoTags) == 0 {
			images = append(images, c)
		}
		for _, name := range entry.RepoTags {
			named := c
			named.Reference = name
			images = append(images, named)
		}
	}
	return images, nil
}

// readDockerImage reads one image. The archive has only the file names of the layers.
// The digest of an uncompressed layer is its diff ID.
func readDockerImage(t tree, entry dockerManifest) (c Composition, err error) {
	if entry.Config == "" {
		return c, fmt.Errorf("%s: an image has no config", dockerTable)
	}
	if c.Config, err = t.file(entry.Config); err != nil {
		return c, err
	}
	data, config, err := c.readConfig()
	if err == nil {
		err = config.CheckLayers(len(entry.Layers))
	}
	if err != nil {
		return c, fmt.Errorf("config %s: %w", entry.Config, err)
	}
	c.Config.Digest = digest.FromBytes(data)
	for i, name := range entry.Layers {
		layer, err := t.file(name)
		if err != nil {
			return c, err
		}
		if layer.Digest, err = layerDigest(&layer, config.DiffIDs[i]); err != nil {
			return c, err
		}
		c.Layers = append(c.Layers, layer)
	}
	return c, nil
}

// layerDigest returns the digest of a layer, or "" if it must be computed.
func layerDigest(layer *File, diffID digest.Digest) (digest.Digest, error) {
	content, err := layer.open()
	if err != nil {
		return "", err
	}
	defer content.Close()
	compression, err := compressionOf(content)
	if compression != Uncompressed {
		return "", err
	}
	return diffID, err
}
