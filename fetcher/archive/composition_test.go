package archive

import (
	"errors"
	"fmt"
	"hocker/fetcher/image"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// The layers of test images. Only their first bytes matter.
const (
	plainLayer = "plain tar"
	gzipLayer  = "\x1f\x8b gzip"
	zstdLayer  = "\x28\xb5\x2f\xfd zstd"
)

// configOf returns the config of an image with n layers.
func configOf(n int) string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = `"` + digestA + `"`
	}
	return `{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[` + strings.Join(ids, ",") + `]}}`
}

// compose writes a config and layers to files and returns their composition,
// not yet complete.
func compose(t *testing.T, reference, config string, layers ...string) *Composition {
	t.Helper()
	dir := t.TempDir()
	c := &Composition{Reference: reference, Config: File{Path: filepath.Join(dir, "config")}}
	write(t, c.Config.Path, config)
	for i, layer := range layers {
		path := filepath.Join(dir, fmt.Sprintf("layer%d", i))
		write(t, path, layer)
		c.Layers = append(c.Layers, File{Path: path})
	}
	return c
}

func write(t *testing.T, path, data string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(data), 0o666); err != nil {
		t.Fatal(err)
	}
}

// An image.json has one meaning.
func TestParseCompositionAmbiguous(t *testing.T) {
	for data, want := range map[string]string{
		`{"config": {"path": "a"}, "config": {"path": "b"}}`:               `the file is ambiguous: duplicate key "config"`,
		`{"config": {"path": "a", "Path": "b"}}`:                           `the file is ambiguous: key "config.Path", expected "path"`,
		`{"Layers": [{"path": "a"}]}`:                                      `the file is ambiguous: key "Layers", expected "layers"`,
		`{"config": {"path": "a"}, "layers": [], "x": 1, "verify": false}`: "<nil>",
	} {
		if _, err := ParseComposition([]byte(data)); fmt.Sprint(err) != want {
			t.Errorf("%s: %v, want %s", data, err, want)
		}
	}
}

func TestComplete(t *testing.T) {
	c := compose(t, "docker.io/library/debian:jessie", configOf(4), plainLayer, gzipLayer, zstdLayer, "")
	c.Layers[1].Digest = digestB // trusted
	if err := c.Complete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c.Reference != "debian:jessie" {
		t.Errorf("reference: got %s", c.Reference)
	}
	want := []ocispec.Descriptor{
		{MediaType: "application/vnd.oci.image.config.v1+json", Digest: digest.FromString(configOf(4)), Size: int64(len(configOf(4)))},
		{MediaType: "application/vnd.oci.image.layer.v1.tar", Digest: digest.FromString(plainLayer), Size: 9},
		{MediaType: "application/vnd.oci.image.layer.v1.tar+gzip", Digest: digestB, Size: 7},
		{MediaType: "application/vnd.oci.image.layer.v1.tar+zstd", Digest: digest.FromString(zstdLayer), Size: 9},
		{MediaType: "application/vnd.oci.image.layer.v1.tar", Digest: digest.FromString(""), Size: 0},
	}
	for i, file := range append([]File{c.Config}, c.Layers...) {
		if d := file.Descriptor; d.MediaType != want[i].MediaType || d.Digest != want[i].Digest || d.Size != want[i].Size {
			t.Errorf("file %d: got %+v, want %+v", i, d, want[i])
		}
	}
}

var completeReferenceTests = []struct {
	in, want, err string
}{
	{in: "", want: ""},
	{in: "debian", want: "debian:latest"},
	{in: "library/debian:jessie", want: "debian:jessie"},
	{in: "ghcr.io/org/app:1", want: "ghcr.io/org/app:1"},
	{in: "localhost:5000/app", want: "localhost:5000/app:latest"},
	{in: "Debian", err: `image name "Debian": repository names must be lower-case`},
	{in: "debian@" + digestA, err: "reference debian@" + digestA + ": an image is loaded under a name and a tag, not under a digest"},
	{in: "http://me:hunter2@host/debian:1", err: "reference: an image is loaded under a name, without http:// or docker://"},
}

func TestCompleteReference(t *testing.T) {
	for _, tt := range completeReferenceTests {
		t.Run(tt.in, func(t *testing.T) {
			c := compose(t, tt.in, configOf(0))
			checkError(t, c.Complete(t.Context()), tt.err)
			if tt.err == "" && c.Reference != tt.want {
				t.Errorf("got %s, want %s", c.Reference, tt.want)
			}
		})
	}
}

var completeFailureTests = []struct {
	name   string
	config string
	layers []string
	change func(t *testing.T, c *Composition)
	err    string // DIR stands for the files' folder
}{
	{name: "too few layers", config: configOf(2), layers: []string{plainLayer}, err: "config and layers do not belong together: the config names 2 layers (rootfs.diff_ids), but there are 1"},
	{name: "too many layers", config: configOf(0), layers: []string{plainLayer}, err: "config and layers do not belong together: the config names 0 layers (rootfs.diff_ids), but there are 1"},
	{name: "manifest as config", config: schema2, err: `config DIR/config: it is not an image config: it has no rootfs of type "layers"`},
	{name: "huge config", config: strings.Repeat(" ", image.MaxConfigSize+1), err: "config DIR/config: it is larger than 8.4 MB, the limit for an image config"},
	{name: "missing config", config: configOf(0), change: func(_ *testing.T, c *Composition) { os.Remove(c.Config.Path) }, err: "config DIR/config: stat DIR/config: no such file or directory"},
	{name: "missing layer", config: configOf(1), layers: []string{plainLayer}, change: func(_ *testing.T, c *Composition) { os.Remove(c.Layers[0].Path) }, err: "layer 0: stat DIR/layer0: no such file or directory"},
	{name: "folder as layer", config: configOf(1), layers: []string{plainLayer}, change: func(_ *testing.T, c *Composition) { c.Layers[0].Path = filepath.Dir(c.Layers[0].Path) }, err: "layer 0: DIR is not a regular file"},
	{name: "another image's manifest", config: configOf(1), layers: []string{plainLayer}, change: addManifest(schema2), err: "manifest DIR/manifest: it belongs to another image: its config is " + digestA + ", expected " + digest.FromString(configOf(1)).String()},
	{name: "manifest with more layers", config: configOf(0), change: addManifest(manifestOf(configOf(0), plainLayer)), err: "manifest DIR/manifest: it belongs to another image: it has 1 layers, expected 0"},
	{name: "manifest with another layer", config: configOf(1), layers: []string{plainLayer}, change: addManifest(manifestOf(configOf(1), gzipLayer)), err: "manifest DIR/manifest: it belongs to another image: layer 0 is " + digest.FromString(gzipLayer).String() + ", expected " + digest.FromString(plainLayer).String()},
	{name: "index as manifest", config: configOf(0), change: addManifest(list), err: "manifest DIR/manifest: expected an image manifest, but it is an index of manifests for several platforms (application/vnd.docker.distribution.manifest.list.v2+json)"},
}

// manifestOf returns a registry's manifest of an image.
func manifestOf(config string, layers ...string) string {
	parts := make([]string, len(layers))
	for i, layer := range layers {
		parts[i] = fmt.Sprintf(`{"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip","size":%d,"digest":"%s"}`, len(layer), digest.FromString(layer))
	}
	return fmt.Sprintf("{\n  \"schemaVersion\": 2,\n  \"mediaType\": %q,\n  \"config\": {\"mediaType\":%q,\"size\":%d,\"digest\":\"%s\"},\n  \"layers\": [%s]\n}", image.MediaTypeDockerManifest, image.MediaTypeDockerConfig, len(config), digest.FromString(config), strings.Join(parts, ","))
}

func addManifest(data string) func(*testing.T, *Composition) {
	return func(t *testing.T, c *Composition) {
		c.Manifest = &File{Path: filepath.Join(filepath.Dir(c.Config.Path), "manifest")}
		write(t, c.Manifest.Path, data)
	}
}

func TestCompleteFailures(t *testing.T) {
	for _, tt := range completeFailureTests {
		t.Run(tt.name, func(t *testing.T) {
			c := compose(t, "", tt.config, tt.layers...)
			dir := filepath.Dir(c.Config.Path)
			if tt.change != nil {
				tt.change(t, c)
			}
			checkError(t, c.Complete(t.Context()), strings.ReplaceAll(tt.err, "DIR", dir))
		})
	}
}

// an invalid digest becomes the name of an entry, or a panic.
func TestCompleteInvalidDigest(t *testing.T) {
	for _, d := range []digest.Digest{"x", "sha256:x", "sha256:../../../etc/passwd"} {
		c := compose(t, "", configOf(1), plainLayer)
		c.Layers[0].Digest = d
		if err := c.Complete(t.Context()); err == nil {
			t.Errorf("%s is accepted as a digest", d)
		}
	}
}

func TestReadComposition(t *testing.T) {
	path := filepath.Join(t.TempDir(), "image.json")
	if _, err := ReadComposition(t.Context(), path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	write(t, path, `{"reference":"debian:jessie","config":{"path":"/c"},"layers":[{"path":"/l","digest":"`+digestB+`"}]}`)
	c, err := ReadComposition(t.Context(), path)
	if err != nil || c.Reference != "debian:jessie" || c.Config.Path != "/c" || len(c.Layers) != 1 || c.Layers[0].Path != "/l" || c.Layers[0].Digest != digestB || c.Manifest != nil {
		t.Errorf("got %+v, %v", c, err)
	}
	write(t, path, `{"reference":`)
	_, err = ReadComposition(t.Context(), path)
	checkError(t, err, path+": unexpected end of JSON input")
}
