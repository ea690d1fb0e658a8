package images

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// layoutTag is the name of the one image in a layout.
const layoutTag = "image"

// layout is an OCI layout that is being written.
type layout struct {
	dir       string
	algorithm digest.Algorithm
}

// newLayout makes an empty layout whose blobs have digests of an algorithm.
func newLayout(dir string, algorithm digest.Algorithm) (*layout, error) {
	l := &layout{dir: dir, algorithm: algorithm}
	if err := os.MkdirAll(filepath.Join(dir, "blobs", algorithm.String()), 0o755); err != nil {
		return nil, err
	}
	version, err := json.Marshal(v1.ImageLayout{Version: v1.ImageLayoutVersion})
	if err != nil {
		return nil, err
	}
	return l, os.WriteFile(filepath.Join(dir, v1.ImageLayoutFile), version, 0o644)
}

// finish writes index.json, which names the layout's image.
func (l *layout) finish(image v1.Descriptor) error {
	image.Annotations = map[string]string{v1.AnnotationRefName: layoutTag}
	data, err := json.Marshal(v1.Index{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: v1.MediaTypeImageIndex,
		Manifests: []v1.Descriptor{image},
	})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(l.dir, v1.ImageIndexFile), data, 0o644)
}

// blob stores the output of write under its digest.
func (l *layout) blob(mediaType string, write func(io.Writer) error) (v1.Descriptor, error) {
	temporary, err := os.CreateTemp(l.dir, "blob")
	if err != nil {
		return v1.Descriptor{}, err
	}
	defer os.Remove(temporary.Name()) // fails after the rename, which is fine
	defer temporary.Close()
	hash := l.algorithm.Digester()
	if err := write(io.MultiWriter(temporary, hash.Hash())); err != nil {
		return v1.Descriptor{}, err
	}
	info, err := temporary.Stat()
	if err != nil {
		return v1.Descriptor{}, err
	}
	d := v1.Descriptor{MediaType: mediaType, Digest: hash.Digest(), Size: info.Size()}
	return d, os.Rename(temporary.Name(), blobPath(l.dir, d.Digest))
}

// blobPath returns the path of a blob in the layout.
func blobPath(dir string, d digest.Digest) string {
	return filepath.Join(dir, "blobs", d.Algorithm().String(), d.Encoded())
}

// json stores a value encoded as JSON.
func (l *layout) json(mediaType string, value any) (v1.Descriptor, error) {
	data, err := json.Marshal(value)
	if err != nil {
		return v1.Descriptor{}, err
	}
	return l.blob(mediaType, func(w io.Writer) error {
		_, err := io.Copy(w, bytes.NewReader(data))
		return err
	})
}

// layer stores a compressed layer, and also returns its diff ID.
func (l *layout) layer(content layer, c compression) (v1.Descriptor, digest.Digest, error) {
	diff := digest.Canonical.Digester()
	d, err := l.blob(c.mediaType, func(w io.Writer) error {
		compressor, err := c.writer(w)
		if err != nil {
			return err
		}
		if err := content.archive(io.MultiWriter(compressor, diff.Hash())); err != nil {
			return err
		}
		return compressor.Close()
	})
	return d, diff.Digest(), err
}

// index stores an index.
func (l *layout) index(entries ...v1.Descriptor) (v1.Descriptor, error) {
	return l.json(v1.MediaTypeImageIndex, v1.Index{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: v1.MediaTypeImageIndex,
		Manifests: entries,
	})
}

// manifest stores a config and a manifest of it.
func (l *layout) manifest(m v1.Manifest) (v1.Descriptor, error) {
	m.SchemaVersion = 2
	if m.MediaType == "" {
		m.MediaType = v1.MediaTypeImageManifest
	}
	if m.Layers == nil {
		m.Layers = []v1.Descriptor{}
	}
	return l.json(m.MediaType, m)
}
