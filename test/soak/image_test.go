package soak

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"math/rand/v2"
	"runtime"
	"testing"

	"hocker/test/faults"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

const (
	repository = "org/app"
	// layerSize is the size of the layer of the small image, about. That of the large one is
	// fetched over several connections.
	layerSize      = 200_000
	largeLayerSize = 17 << 20
)

// image is an image of one layer.
type image struct {
	tag                     string
	manifest, config, layer []byte
}

func newImage(t *testing.T, tag string, size int) *image {
	content := make([]byte, size)
	rand.NewChaCha8([32]byte{}).Read(content)
	var archive, layer bytes.Buffer
	w := tar.NewWriter(&archive)
	check(t, w.WriteHeader(&tar.Header{Name: "content", Mode: 0o644, Size: int64(size)}))
	_, err := w.Write(content)
	check(t, err)
	check(t, w.Close())
	z := gzip.NewWriter(&layer)
	_, err = z.Write(archive.Bytes())
	check(t, err)
	check(t, z.Close())
	i := &image{tag: tag, layer: layer.Bytes()}
	i.config, err = json.Marshal(ocispec.Image{
		Platform: ocispec.Platform{OS: "linux", Architecture: runtime.GOARCH},
		RootFS:   ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{digest.FromBytes(archive.Bytes())}},
	})
	check(t, err)
	config, packed := descriptor(i.config), descriptor(i.layer)
	config.MediaType, packed.MediaType = ocispec.MediaTypeImageConfig, ocispec.MediaTypeImageLayerGzip
	i.manifest, err = json.Marshal(ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispec.MediaTypeImageManifest,
		Config:    config,
		Layers:    []ocispec.Descriptor{packed},
	})
	check(t, err)
	return i
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (i *image) addTo(r *faults.Registry) {
	r.AddBlob(i.config)
	r.AddBlob(i.layer)
	r.AddManifest(i.tag, ocispec.MediaTypeImageManifest, i.manifest)
}
