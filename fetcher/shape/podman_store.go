package shape

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"

	"hocker/fetcher/archive"
	"hocker/fetcher/erofs"
	"hocker/fetcher/podmanstore"
	"hocker/fetcher/reference"
)

// buildPodmanStore makes an additional image store of podman with images whose layers are
// EROFS files.
func buildPodmanStore(ctx context.Context, b build, out string) error {
	text, err := b.Text("images")
	switch {
	case err != nil:
		return err
	case len(text) == 0:
		return missingAttribute("images")
	}
	var folders []string // that buildErofs has made
	if err := json.Unmarshal(text, &folders); err != nil {
		return fmt.Errorf("attribute images: %w", err)
	}
	images := make([]podmanstore.Image, len(folders))
	for i, folder := range folders {
		composition, err := archive.ReadComposition(ctx, filepath.Join(folder, "image.json"))
		if err != nil {
			return err
		}
		if images[i], err = storedImage(composition); err != nil {
			return fmt.Errorf("%s: %w", folder, err)
		}
	}
	return podmanstore.Write(ctx, out, images)
}

// storedImage reads what a store has of an image.
func storedImage(composition archive.Composition) (image podmanstore.Image, err error) {
	if composition.Reference != "" {
		if image.Reference, err = reference.Parse(composition.Reference); err != nil {
			return image, err
		}
	}
	if image.Manifest, err = composition.ManifestBytes(); err != nil {
		return image, err
	}
	config, err := composition.OpenBlob(composition.Config.Digest)
	if err != nil {
		return image, err
	}
	defer config.Close()
	if image.Config, err = io.ReadAll(config); err != nil {
		return image, err
	}
	for _, file := range composition.Layers {
		layer, err := erofs.ReadLayer(file.Path)
		if err != nil {
			return image, err
		}
		image.Layers = append(image.Layers, podmanstore.Layer{
			File:   layer.File,
			DiffID: layer.DiffID,
			Size:   layer.Size,
			UIDs:   layer.UIDs,
			GIDs:   layer.GIDs,
		})
	}
	return image, nil
}
