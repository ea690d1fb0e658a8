package archive

import (
	"archive/tar"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"hocker/fetcher/internal/transfer"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// WriteArchive writes the image as one tar archive that is both a
// docker-archive and an OCI layout, as docker save does since Docker 25. The
// same composition gives the same bytes. A layer that the image has twice is
// written once.
//
// The blobs for which omit returns true are left out, for an engine that has
// them; nil leaves out none.
func (c *Composition) WriteArchive(ctx context.Context, w io.Writer, omit func(digest.Digest) bool) error {
	for _, file := range append([]File{c.Config}, c.Layers...) {
		if _, err := reference.ParseDigest(string(file.Digest)); err != nil {
			return fmt.Errorf("%s: %w", file.Path, err)
		}
	}
	t, err := c.tables()
	if err != nil {
		return err
	}
	a := newWriter(w)
	a.omit = omit
	// The tables come first, so that a reader of a stream knows what follows.
	a.directories(layoutNaming)
	a.tables(&t)
	for _, file := range append([]File{c.Config}, c.Layers...) {
		if err := a.copyFile(ctx, file); err != nil {
			return fmt.Errorf("%s: %w", file.Path, err)
		}
	}
	return a.close()
}

// writer writes reproducible tar entries. Its first error is sticky.
type writer struct {
	w       *tar.Writer
	written map[digest.Digest]bool
	omit    func(digest.Digest) bool // nil omits no blob
	err     error
}

func newWriter(w io.Writer) *writer {
	return &writer{w: tar.NewWriter(w), written: map[digest.Digest]bool{}}
}

func (a *writer) close() error {
	if a.err != nil {
		return a.err
	}
	return a.w.Close()
}

func (a *writer) directories(names naming) {
	for _, name := range names.directories {
		a.header(&tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o755})
	}
}

// tables writes the manifest and the files that lead readers to the blobs.
func (a *writer) tables(t *tables) {
	a.json(ocispec.ImageLayoutFile, ocispec.ImageLayout{Version: ocispec.ImageLayoutVersion})
	a.json(ocispec.ImageIndexFile, t.index())
	a.dockerTables(t, layoutNaming)
	a.blob(t.manifest.Digest, t.bytes)
}

// dockerTables writes the files that docker load and podman load read.
func (a *writer) dockerTables(t *tables, names naming) {
	a.json(dockerTable, t.dockerManifest(names))
	if repositories := t.repositories(names); repositories != nil {
		a.json("repositories", repositories)
	}
}

// links writes a symbolic link for each further occurrence of a layer, to the
// first. So a tool that removes each layer after unpacking it, as dockerTools
// does from the top down, still finds every layer.
func (a *writer) links(t *tables, names naming) {
	for i, id := range names.ids(t.layers) {
		if first := t.layers[i].Digest; id != first {
			a.header(&tar.Header{Typeflag: tar.TypeSymlink, Name: names.layer(id), Linkname: "../" + names.layer(first), Mode: 0o777})
		}
	}
}

// epoch is the modification time of every entry.
var epoch = time.Unix(0, 0)

func (a *writer) header(h *tar.Header) {
	h.ModTime = epoch
	if a.err == nil {
		a.err = a.w.WriteHeader(h)
	}
}

func (a *writer) file(name string, data []byte) {
	a.header(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(data))})
	if a.err == nil {
		_, a.err = a.w.Write(data)
	}
}

func (a *writer) json(name string, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		a.err = err
		return
	}
	a.file(name, data)
}

func (a *writer) blob(d digest.Digest, data []byte) {
	if a.takes(d) {
		a.file(blobName(d), data)
	}
}

// takes reports whether to write a blob. Each is written once at most.
func (a *writer) takes(d digest.Digest) bool {
	if a.written[d] || a.omit != nil && a.omit(d) {
		return false
	}
	a.written[d] = true
	return true
}

// copyBufferSize is large, since each write is a system call.
const copyBufferSize = 256 << 10

// copyFile writes the blob in a file, unless it was written before or is omitted.
func (a *writer) copyFile(ctx context.Context, file File) error {
	if a.err != nil || !a.takes(file.Digest) {
		return a.err
	}
	f, err := file.open()
	if err != nil {
		return err
	}
	defer f.Close()
	a.header(&tar.Header{Typeflag: tar.TypeReg, Name: blobName(file.Digest), Mode: 0o644, Size: file.Size})
	if a.err != nil {
		return a.err
	}
	// Plain interfaces make io.CopyBuffer use the buffer.
	n, err := io.CopyBuffer(struct{ io.Writer }{a.w}, transfer.ContextReader(ctx, f), make([]byte, copyBufferSize))
	if err == nil && n != file.Size {
		err = fmt.Errorf("it has %d bytes, expected %d", n, file.Size)
	}
	a.err = err
	return err
}
