package image

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"

	"hocker/fetcher"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// WriteLayout writes the image to dir, which it creates, as an OCI layout.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
//
// Errors: those of the source, *[fetcher.VerifyError].
func (e *Export) WriteLayout(ctx context.Context, dir string) error {
	layers, err := e.layers()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "blobs", "sha256"), 0o777); err != nil {
		return err
	}
	written := distinct(layers)
	err = e.fetchAll(ctx, written,
		func(ctx context.Context, i int) error {
			return writeFile(filepath.Join(dir, blobName(written[i].to.Digest)), func(f *os.File) error {
				return e.fetch(ctx, written[i], &filePart{f, 0, fetcher.SizeUnknown})
			})
		},
		func(context.Context, int) error { return nil })
	if err != nil {
		return err
	}
	finish(layers)
	t, err := e.tables(layers)
	if err != nil {
		return err
	}
	return t.writeLayout(dir, e.Config)
}

// writeLayout writes all of a layout but its layers.
func (t *tables) writeLayout(dir string, config []byte) error {
	index, err := json.Marshal(t.index())
	if err != nil {
		return err
	}
	version, err := json.Marshal(ocispec.ImageLayout{Version: ocispec.ImageLayoutVersion})
	if err != nil {
		return err
	}
	for _, file := range []struct {
		name string
		data []byte
	}{
		{blobName(t.config.Digest), config},
		{blobName(t.manifest.Digest), t.bytes},
		{ocispec.ImageIndexFile, index},
		{ocispec.ImageLayoutFile, version},
	} {
		path := filepath.Join(dir, file.name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(path, file.data, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// writeFile creates the file at path for write to fill.
func writeFile(path string, write func(*os.File) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := write(f); err != nil {
		return err
	}
	return f.Close()
}
