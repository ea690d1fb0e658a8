package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"hocker/fetcher/archive"
)

// builtImage is an image in the Nix store, built by fetchdocker.
type builtImage struct {
	Image string `arg:"" name:"image" help:"Image built by nix-build: its folder, such as ./result, or the image.json in it."`
}

// read reads the image.json.
func (b builtImage) read(ctx context.Context) (archive.Composition, error) {
	path := b.Image
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, "image.json")
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return archive.Composition{}, usagef("%s contains no image.json: expected the output of fetchdocker", b.Image)
		}
	}
	composition, err := archive.ReadComposition(ctx, path)
	switch {
	case ctx.Err() != nil:
		return archive.Composition{}, err
	case err != nil:
		return archive.Composition{}, &usageError{err: err}
	case composition.Config.Path == "":
		return archive.Composition{}, usagef("%s names no config: expected the image.json of an image from fetchdocker", path)
	}
	return composition, nil
}
