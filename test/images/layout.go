package images

import (
	"bytes"
	"compress/gzip"
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

// layout is an OCI layout directory that is being written.
type layout struct{ dir string }

// newLayout makes an empty layout.
func newLayout(dir string) (*layout, error) {
	l := &layout{dir: dir}
	if err := os.MkdirAll(filepath.Join(dir, "blobs", "sha256"), 0o755); err != nil {
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

// blob stores what write writes under its digest.
func (l *layout) blob(mediaType string, write func(io.Writer) error) (v1.Descriptor, error) {
	temporary, err := os.CreateTemp(l.dir, "blob")
	if err != nil {
		return v1.Descriptor{}, err
	}
	defer os.Remove(temporary.Name()) // fails after the rename, as it should
	defer temporary.Close()
	hash := digest.Canonical.Digester()
	if err := write(io.MultiWriter(temporary, hash.Hash())); err != nil {
		return v1.Descriptor{}, err
	}
	info, err := temporary.Stat()
	if err != nil {
		return v1.Descriptor{}, err
	}
	d := v1.Descriptor{MediaType: mediaType, Digest: hash.Digest(), Size: info.Size()}
	return d, os.Rename(temporary.Name(), filepath.Join(l.dir, "blobs", "sha256", d.Digest.Encoded()))
}

// json stores a value as JSON.
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

// layer stores a layer, compressed, and returns its diff ID too.
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

// image stores the image of a Spec for one architecture.
func (l *layout) image(s Spec, architecture string, c compression) (v1.Descriptor, error) {
	contents, err := s.layers()
	if err != nil {
		return v1.Descriptor{}, err
	}
	platform := v1.Platform{OS: "linux", Architecture: architecture}
	config := v1.Image{
		Platform: platform,
		Config:   v1.ImageConfig{Env: []string{"PATH=/bin"}, Cmd: []string{"/bin/cat", "/hello"}},
		RootFS:   v1.RootFS{Type: "layers"},
	}
	manifest := v1.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: v1.MediaTypeImageManifest,
	}
	for _, content := range contents {
		d, diff, err := l.layer(content, c)
		if err != nil {
			return v1.Descriptor{}, err
		}
		manifest.Layers = append(manifest.Layers, d)
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, diff)
	}
	if manifest.Config, err = l.json(v1.MediaTypeImageConfig, config); err != nil {
		return v1.Descriptor{}, err
	}
	d, err := l.json(v1.MediaTypeImageManifest, manifest)
	d.Platform = &platform
	return d, err
}

// compression is how layers are compressed and what that is called.
type compression struct {
	mediaType string
	writer    func(io.Writer) (io.WriteCloser, error)
}

var (
	gzipped = compression{v1.MediaTypeImageLayerGzip, func(w io.Writer) (io.WriteCloser, error) {
		// The bulk does not compress: no time for trying hard.
		return gzip.NewWriterLevel(w, gzip.BestSpeed)
	}}
	uncompressed = compression{v1.MediaTypeImageLayer, func(w io.Writer) (io.WriteCloser, error) {
		return plain{w}, nil
	}}
)

// plain is a compressor that does not compress.
type plain struct{ io.Writer }

func (plain) Close() error { return nil }
