package archive

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// WriteLayout writes the image to dir, which it creates, as an OCI layout.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
//
// Errors: those of the source, *[content.VerifyError].
func (e *Export) WriteLayout(ctx context.Context, dir string) error {
	layers, err := e.layers()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "blobs", "sha256"), 0o777); err != nil {
		return err
	}
	written := distinct(layers)
	err = eachLayer(ctx, e.Jobs, len(written),
		func(ctx context.Context, i int) error {
			return writeFile(filepath.Join(dir, blobName(written[i].to.Digest)), func(f *os.File) error {
				return e.fetch(ctx, written[i], wholeFile(f))
			})
		},
		func(context.Context, int) error { return nil })
	if err != nil {
		return err
	}
	t, err := e.tables(finish(layers))
	if err != nil {
		return err
	}
	if err := writeBlob(dir, t.config.Digest, e.Config); err != nil {
		return err
	}
	return t.writeLayout(dir)
}

// WriteLayout writes the image to dir, which it creates, as an OCI layout whose
// blobs are symbolic links to the image's files. A manifest made for the image
// is a regular file.
func (c *Composition) WriteLayout(dir string) error {
	t, err := c.tables()
	if err != nil {
		return err
	}
	linked := append([]File{c.Config}, c.Layers...)
	if c.Manifest != nil {
		linked = append(linked, *c.Manifest)
	}
	seen := map[digest.Digest]bool{}
	for _, file := range linked {
		if seen[file.Digest] {
			continue
		}
		seen[file.Digest] = true
		link := filepath.Join(dir, blobName(file.Digest))
		if err := os.MkdirAll(filepath.Dir(link), 0o777); err != nil {
			return err
		}
		if err := os.Symlink(file.Path, link); err != nil {
			return err
		}
	}
	return t.writeLayout(dir)
}

// writeLayout writes the files that lead to the blobs of a layout, and the
// manifest unless it exists.
func (t *tables) writeLayout(dir string) error {
	if _, err := os.Lstat(filepath.Join(dir, blobName(t.manifest.Digest))); err != nil {
		if err := writeBlob(dir, t.manifest.Digest, t.bytes); err != nil {
			return err
		}
	}
	index, err := json.Marshal(t.index())
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, ocispec.ImageIndexFile), index, 0o666); err != nil {
		return err
	}
	version, err := json.Marshal(ocispec.ImageLayout{Version: ocispec.ImageLayoutVersion})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, ocispec.ImageLayoutFile), version, 0o666)
}

func writeBlob(dir string, d digest.Digest, data []byte) error {
	return writeFile(filepath.Join(dir, blobName(d)), func(f *os.File) error {
		_, err := f.Write(data)
		return err
	})
}

// writeFile creates the file at path and calls write to fill it.
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
