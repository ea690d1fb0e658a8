package test

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"hocker/fetcher/archive"
	"hocker/fetcher/engine"
	"hocker/fetcher/reference"
)

// loadable makes images whose layers have one file each.
type loadable struct {
	t      *testing.T
	dir    string
	size   int // the size of the file, which does not compress
	layers map[string]loadableLayer
}

type loadableLayer struct {
	file   archive.File
	diffID digest.Digest
}

func newLoadable(t *testing.T, size int) *loadable {
	return &loadable{t: t, dir: t.TempDir(), size: size, layers: map[string]loadableLayer{}}
}

// layer returns the layer with a name. Its content depends only on the name.
func (l *loadable) layer(name string) loadableLayer {
	l.t.Helper()
	if made, ok := l.layers[name]; ok {
		return made
	}
	f, err := os.Create(filepath.Join(l.dir, name))
	if err != nil {
		l.t.Fatal(err)
	}
	defer f.Close()
	packed, unpacked := digest.SHA256.Digester(), digest.SHA256.Digester()
	gz := gzip.NewWriter(io.MultiWriter(f, packed.Hash()))
	w := tar.NewWriter(io.MultiWriter(gz, unpacked.Hash()))
	err = w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(l.size)})
	if err == nil {
		random := rand.NewChaCha8([32]byte([]byte(digest.FromString(name).Encoded())))
		_, err = io.CopyN(w, random, int64(l.size))
	}
	for _, c := range []io.Closer{w, gz} {
		if err == nil {
			err = c.Close()
		}
	}
	if err != nil {
		l.t.Fatal(err)
	}
	made := loadableLayer{diffID: unpacked.Digest()}
	made.file.Path, made.file.Digest = f.Name(), packed.Digest()
	l.layers[name] = made
	return made
}

// image returns an image with the named layers, for linux on the architecture.
func (l *loadable) image(reference, architecture string, layers ...string) archive.Composition {
	l.t.Helper()
	config := v1.Image{Platform: v1.Platform{OS: "linux", Architecture: architecture}, RootFS: v1.RootFS{Type: "layers"}}
	config.Config.Labels = map[string]string{"of": fmt.Sprint(layers)}
	c := archive.Composition{Reference: reference}
	for _, name := range layers {
		layer := l.layer(name)
		c.Layers = append(c.Layers, layer.file)
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, layer.diffID)
	}
	data, err := json.Marshal(config)
	if err != nil {
		l.t.Fatal(err)
	}
	c.Config.Path = filepath.Join(l.dir, digest.FromBytes(data).Encoded())
	if err := os.WriteFile(c.Config.Path, data, 0o644); err != nil {
		l.t.Fatal(err)
	}
	if err := c.Complete(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	return c
}

// write writes the image.json of an image, for hocker load.
func (l *loadable) write(c archive.Composition) (path string) {
	l.t.Helper()
	data, err := json.Marshal(c)
	if err != nil {
		l.t.Fatal(err)
	}
	path = c.Config.Path + ".json"
	if err := os.WriteFile(path, data, 0o644); err != nil {
		l.t.Fatal(err)
	}
	return path
}

// loadableImage returns an image for package engine. before, if not nil, is called each
// time before the archive is written.
func loadableImage(t *testing.T, c archive.Composition, before func()) engine.Image {
	t.Helper()
	config, err := c.ImageConfig()
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := c.ManifestDescriptor()
	if err != nil {
		t.Fatal(err)
	}
	name, err := reference.Parse(c.Reference)
	if err != nil {
		t.Fatal(err)
	}
	image := engine.Image{Reference: name, Config: c.Config.Descriptor, Manifest: manifest, Platform: config.Platform}
	for i, layer := range c.Layers {
		image.Layers = append(image.Layers, engine.Layer{Descriptor: layer.Descriptor, DiffID: config.DiffIDs[i]})
	}
	image.Write = func(ctx context.Context, w io.Writer, named bool, omit func(digest.Digest) bool) error {
		if before != nil {
			before()
		}
		written := c
		if !named {
			written.Reference = ""
		}
		return written.WriteArchive(ctx, w, omit)
	}
	return image
}

// readTar returns a list of the files in an archive with the digests of their contents.
func readTar(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var list strings.Builder
	for r := tar.NewReader(f); ; {
		header, err := r.Next()
		if err == io.EOF {
			return list.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		content := digest.SHA256.Digester()
		if _, err := io.Copy(content.Hash(), r); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&list, "%s %s %s\n", header.Name, header.Linkname, content.Digest())
	}
}
