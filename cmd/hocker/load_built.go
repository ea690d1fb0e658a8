package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"hocker/fetcher/archive"
	"hocker/fetcher/shape"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// openImages reads the images at path: a shape of fetchdocker, an image.json, an
// archive or an OCI layout, from which want chooses the platform. name is its name on the
// command line.
func openImages(ctx context.Context, name, path string, want ocispec.Platform) ([]archive.Composition, error) {
	file, err := imageJSON(path)
	if err != nil {
		return nil, &usageError{err: err}
	}
	if file != "" {
		composition, err := builtImage{file}.read(ctx)
		return []archive.Composition{composition}, err
	}
	images, err := await(ctx, func() ([]archive.Composition, error) { return archive.Open(ctx, path, want) })
	if err == nil || ctx.Err() != nil {
		return images, err
	}
	err = fmt.Errorf("%s: %w", name, err)
	var format *archive.FormatError
	if errors.As(err, &format) {
		err = &usageError{err: err}
		if format.Decompressor != "" {
			err = &usageError{err: err, hint: "decompress it first: " + format.Decompressor + " -d " + path}
		}
	}
	return nil, err
}

// imageJSON returns the path of the image.json that path leads to, or "".
func imageJSON(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", err
	case info.IsDir():
		if file := filepath.Join(path, "image.json"); exists(file) {
			return file, nil
		}
		script := filepath.Join(path, "bin", "load")
		if !exists(script) {
			return "", nil
		}
		return shape.ImageFile(script)
	case !info.Mode().IsRegular():
		return path, nil // such as a pipe, which can be read once
	}
	if isJSON, err := startsAsObject(path); err != nil || isJSON {
		return path, err
	}
	return shape.ImageFile(path)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// startsAsObject reports whether the file at path may be an image.json.
func startsAsObject(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	start := make([]byte, 16)
	n, err := io.ReadFull(f, start)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return false, err
	}
	return bytes.HasPrefix(bytes.TrimSpace(start[:n]), []byte("{")), nil
}
