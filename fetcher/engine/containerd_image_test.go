package engine

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"hocker/fetcher/reference"
	"hocker/test/servers"

	"github.com/klauspost/compress/zstd"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// startContainerd starts a containerd, and returns it with its namespace default.
func startContainerd(t *testing.T) (*servers.Containerd, *Containerd) {
	t.Helper()
	servers.Require(t, "root", "containerd", "ctr")
	server, err := servers.StartContainerd(servers.ContainerdOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return server, findContainerd(t, server, "")
}

func findContainerd(t *testing.T, server *servers.Containerd, namespace string) *Containerd {
	t.Helper()
	environment := map[string]string{"CONTAINERD_ADDRESS": server.Address(), "CONTAINERD_NAMESPACE": namespace}
	c, err := FindContainerd(t.Context(), "", "", func(name string) string { return environment[name] })
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// ctr runs ctr in a namespace.
func ctr(t *testing.T, server *servers.Containerd, namespace string, args ...string) string {
	t.Helper()
	out, err := exec.Command("ctr", append([]string{"--address", server.Address(), "--namespace", namespace}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("ctr %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// parts are the blobs of images for a test.
type parts map[digest.Digest][]byte

func (p parts) put(mediaType string, data []byte) ocispec.Descriptor {
	d := digest.FromBytes(data)
	p[d] = data
	return ocispec.Descriptor{MediaType: mediaType, Digest: d, Size: int64(len(data))}
}

// layer makes a layer with a file of incompressible content.
func (p parts) layer(t *testing.T, name string, size int, compress func(io.Writer) io.WriteCloser, mediaType string) Layer {
	t.Helper()
	var unpacked, packed bytes.Buffer
	content := make([]byte, size)
	random := rand.NewChaCha8([32]byte([]byte(fmt.Sprintf("%-32s", name))))
	random.Read(content)
	w := tar.NewWriter(&unpacked)
	if err := errors.Join(
		w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(size)}),
		write(w, content),
		w.Close()); err != nil {
		t.Fatal(err)
	}
	c := compress(&packed)
	if err := errors.Join(write(c, unpacked.Bytes()), c.Close()); err != nil {
		t.Fatal(err)
	}
	return Layer{Descriptor: p.put(mediaType, packed.Bytes()), DiffID: digest.FromBytes(unpacked.Bytes())}
}

func write(w io.Writer, data []byte) error {
	_, err := w.Write(data)
	return err
}

func (p parts) gzip(t *testing.T, name string, size int) Layer {
	return p.layer(t, name, size, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }, ocispec.MediaTypeImageLayerGzip)
}

func (p parts) zstd(t *testing.T, name string, size int) Layer {
	return p.layer(t, name, size, func(w io.Writer) io.WriteCloser {
		encoder, err := zstd.NewWriter(w)
		if err != nil {
			t.Fatal(err)
		}
		return encoder
	}, ocispec.MediaTypeImageLayerZstd)
}

// image makes an image of layers.
func (p parts) image(t *testing.T, name string, layers ...Layer) Image {
	t.Helper()
	ref, err := reference.Parse(name)
	if err != nil {
		t.Fatal(err)
	}
	platform := ocispec.Platform{OS: "linux", Architecture: runtime.GOARCH}
	config := ocispec.Image{Platform: platform, RootFS: ocispec.RootFS{Type: "layers"}}
	manifest := ocispec.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest}
	for _, layer := range layers {
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, layer.DiffID)
		manifest.Layers = append(manifest.Layers, layer.Descriptor)
	}
	manifest.Config = p.put(ocispec.MediaTypeImageConfig, toJSON(t, config))
	return Image{
		Reference: ref,
		Config:    manifest.Config,
		Manifest:  p.put(ocispec.MediaTypeImageManifest, toJSON(t, manifest)),
		Layers:    layers,
		Platform:  platform,
		Open: func(_ context.Context, d digest.Digest) (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(p[d])), nil
		},
	}
}

func toJSON(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// mustLoad loads an image and checks it with ctr.
func mustLoad(t *testing.T, server *servers.Containerd, c *Containerd, image Image) Result {
	t.Helper()
	var progress int64
	result, err := c.Load(t.Context(), image, Progress{Sent: func(n int64) { progress += n }})
	if err != nil {
		t.Fatal(err)
	}
	if progress != result.Sent {
		t.Errorf("%d bytes reported, %d sent", progress, result.Sent)
	}
	got := strings.Join(strings.Fields(ctr(t, server, c.namespace, "images", "check", "--snapshotter", string(c.snapshotter), "name=="+image.name())), " ")
	want := fmt.Sprintf("%s %s %s complete (%d/%[4]d)", image.name(), image.Manifest.MediaType, image.Manifest.Digest, len(image.Layers)+1)
	if !strings.Contains(got, want) || !strings.HasSuffix(got, " true") {
		t.Errorf("ctr images check says %q, want %q and true", got, want)
	}
	return result
}
