package image

import (
	"archive/tar"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"hocker/fetcher"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// annotationImageName is where containerd looks for an image's name in an OCI
// layout: https://github.com/containerd/containerd/blob/v2.1.0/core/images/annotations.go
const annotationImageName = "io.containerd.image.name"

// dockerManifest is an entry of manifest.json, by which docker load and podman
// load find the parts of an image.
type dockerManifest struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// WriteArchive writes the image as one tar archive that is a docker-archive
// and an OCI layout at once, as docker save writes it since Docker 25. The
// same composition makes the same bytes. A layer that stands twice in the
// image stands once in the archive.
func (c *Composition) WriteArchive(w io.Writer) error {
	a := archive{w: tar.NewWriter(w), written: map[digest.Digest]bool{}}
	if err := c.writeIndexes(&a); err != nil {
		return err
	}
	for _, file := range append([]File{c.Config}, c.Layers...) {
		if err := a.copyFile(file); err != nil {
			return fmt.Errorf("%s: %w", file.Path, err)
		}
	}
	return a.w.Close()
}

// writeIndexes writes what finds the blobs: both formats' tables and the
// manifest. They come first, so that a reader of a stream knows what follows.
func (c *Composition) writeIndexes(a *archive) error {
	desc, manifest, err := c.manifest()
	if err != nil {
		return err
	}
	index, repositories, err := c.names(&desc)
	if err != nil {
		return err
	}
	a.directory("blobs/")
	a.directory("blobs/sha256/")
	a.json(ocispec.ImageLayoutFile, ocispec.ImageLayout{Version: ocispec.ImageLayoutVersion})
	a.json(ocispec.ImageIndexFile, index)
	a.json("manifest.json", []dockerManifest{c.dockerManifest()})
	if repositories != nil {
		a.json("repositories", repositories)
	}
	a.blob(desc.Digest, manifest)
	return a.err
}

// names returns the tables that give the manifest of desc its name: the OCI
// layout's index, and the repositories file that Docker had before manifest.json.
func (c *Composition) names(desc *ocispec.Descriptor) (ocispec.Index, map[string]map[string]string, error) {
	var repositories map[string]map[string]string
	if c.Reference != "" {
		ref, err := fetcher.ParseReference(c.Reference)
		if err != nil {
			return ocispec.Index{}, nil, err
		}
		desc.Annotations = map[string]string{
			annotationImageName:       ref.String(),
			ocispec.AnnotationRefName: ref.Tag,
		}
		if n := len(c.Layers); n > 0 {
			repositories = map[string]map[string]string{
				ref.Repository.Familiar(): {ref.Tag: c.Layers[n-1].Digest.Encoded()},
			}
		}
	}
	return ocispec.Index{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispec.MediaTypeImageIndex,
		Manifests: []ocispec.Descriptor{*desc},
	}, repositories, nil
}

func (c *Composition) dockerManifest() dockerManifest {
	m := dockerManifest{Config: blobName(c.Config.Digest), Layers: []string{}}
	if c.Reference != "" {
		m.RepoTags = []string{c.Reference}
	}
	for _, layer := range c.Layers {
		m.Layers = append(m.Layers, blobName(layer.Digest))
	}
	return m
}

// blobName is a blob's place in an OCI layout.
func blobName(d digest.Digest) string {
	return strings.Join([]string{"blobs", string(d.Algorithm()), d.Encoded()}, "/")
}

// archive writes reproducible tar entries. Its first error stays.
type archive struct {
	w       *tar.Writer
	written map[digest.Digest]bool
	err     error
}

// epoch is the time of every entry.
var epoch = time.Unix(0, 0)

func (a *archive) header(h *tar.Header) {
	h.ModTime = epoch
	if a.err == nil {
		a.err = a.w.WriteHeader(h)
	}
}

func (a *archive) directory(name string) {
	a.header(&tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o755})
}

func (a *archive) file(name string, data []byte) {
	a.header(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(data))})
	if a.err == nil {
		_, a.err = a.w.Write(data)
	}
}

func (a *archive) json(name string, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		a.err = err
		return
	}
	a.file(name, data)
}

func (a *archive) blob(d digest.Digest, data []byte) {
	if !a.written[d] {
		a.written[d] = true
		a.file(blobName(d), data)
	}
}

// copyBufferSize is large, since each write goes to a pipe or a disk.
const copyBufferSize = 256 << 10

// copyFile writes the blob that stands in a file, unless it was written.
func (a *archive) copyFile(file File) error {
	if a.err != nil || a.written[file.Digest] {
		return a.err
	}
	a.written[file.Digest] = true
	f, err := os.Open(file.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	a.header(&tar.Header{Typeflag: tar.TypeReg, Name: blobName(file.Digest), Mode: 0o644, Size: file.Size})
	if a.err != nil {
		return a.err
	}
	// Hidden behind plain interfaces, so that the buffer is used.
	n, err := io.CopyBuffer(struct{ io.Writer }{a.w}, struct{ io.Reader }{f}, make([]byte, copyBufferSize))
	if err == nil && n != file.Size {
		err = fmt.Errorf("it has %d bytes, and %d were expected", n, file.Size)
	}
	a.err = err
	return err
}
