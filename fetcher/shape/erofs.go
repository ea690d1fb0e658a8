package shape

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"hocker/fetcher/archive"
	"hocker/fetcher/erofs"

	"github.com/opencontainers/go-digest"
)

// buildErofsLayer makes the folder with the EROFS file of one layer.
func buildErofsLayer(ctx context.Context, b build, out string) error {
	layer, err := required(b, "layer")
	if err != nil {
		return err
	}
	mkfs, err := readMkfs(b)
	if err != nil {
		return err
	}
	d, err := b.String("digest")
	if err != nil {
		return err
	}
	maxUnpacked, err := b.Bytes("maxUnpacked")
	if err != nil {
		return err
	}
	return erofs.MakeLayer(ctx, mkfs, layer, digest.Digest(d), maxUnpacked, out)
}

// readMkfs reads the attributes compression and mkfs.
func readMkfs(b build) (mkfs erofs.Mkfs, err error) {
	if mkfs.Compression, err = b.String("compression"); err == nil && mkfs.Compression != "" {
		mkfs.Program, err = required(b, "mkfs")
	}
	return mkfs, err
}

// buildErofs makes the folder with links to the layers as EROFS files: 0.erofs is
// the lowest.
func buildErofs(ctx context.Context, b build, out string) error {
	composition, layers, err := readErofs(ctx, b)
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(composition, "", "  ")
	if err != nil {
		return err
	}
	if err := os.Mkdir(out, 0o777); err != nil {
		return err
	}
	for i, layer := range layers {
		if err := os.Symlink(layer.File, filepath.Join(out, fmt.Sprintf("%d.erofs", i))); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(out, "image.json"), append(data, '\n'), 0o666)
}

// readErofs reads what the image is to be made of, and its layers as EROFS files,
// which it compares with the config. The paths in the composition are those of the
// layers' folders, and the descriptors those of the layers in the registry.
func readErofs(ctx context.Context, b build) (archive.Composition, []erofs.Layer, error) {
	composition, err := parseSpec(b)
	if err != nil {
		return archive.Composition{}, nil, err
	}
	folders, err := erofsFolders(b)
	if err != nil {
		return archive.Composition{}, nil, err
	}
	layers := make([]erofs.Layer, len(folders))
	diffIDs := make([]digest.Digest, len(folders))
	composition.Layers = make([]archive.File, len(folders))
	for i, folder := range folders {
		layer, err := erofs.ReadLayer(folder)
		if err != nil {
			return archive.Composition{}, nil, err
		}
		layers[i], diffIDs[i] = layer, layer.DiffID
		composition.Layers[i] = archive.File{Path: folder, Descriptor: layer.Descriptor()}
	}
	if err := composition.Complete(ctx); err != nil {
		return archive.Composition{}, nil, err
	}
	return composition, layers, composition.CheckDiffIDs(diffIDs)
}

// erofsFolders reads the attribute erofsLayers: the layers' folders, the lowest first.
func erofsFolders(b build) (folders []string, err error) {
	text, err := b.Text("erofsLayers")
	switch {
	case err != nil:
		return nil, err
	case len(text) == 0:
		return nil, missingAttribute("erofsLayers")
	}
	if err := json.Unmarshal(text, &folders); err != nil {
		return nil, fmt.Errorf("attribute erofsLayers: %w", err)
	}
	return folders, nil
}
