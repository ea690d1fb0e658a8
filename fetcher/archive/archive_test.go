package archive

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"hocker/fetcher/image"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

func blobOf(content string) string { return "blobs/sha256/" + digest.FromString(content).Encoded() }

// archiveTests pin the digest of each archive: the same image gives the same
// bytes, on every machine and in every version. Changing them rebuilds all
// archives in all stores.
var archiveTests = []struct {
	name      string
	reference string
	config    string
	layers    []string
	manifest  string // the registry's, or empty
	digest    digest.Digest
	entries   []string // MANIFEST is the blob of the manifest
	tags      []string
}{
	{
		name: "three layers", reference: "debian:jessie", config: configOf(3), layers: []string{plainLayer, gzipLayer, zstdLayer},
		digest:  "sha256:27adc740da7c436ecd32d8224b3f4cd8cec3ee12b1f2c16e62921206ba636ef2",
		entries: []string{"blobs/", "blobs/sha256/", "oci-layout", "index.json", "manifest.json", "repositories", "MANIFEST", blobOf(configOf(3)), blobOf(plainLayer), blobOf(gzipLayer), blobOf(zstdLayer)},
		tags:    []string{"debian:jessie"},
	},
	{
		name: "a layer three times", reference: "localhost:5000/org/app:1", config: configOf(4), layers: []string{gzipLayer, plainLayer, gzipLayer, gzipLayer},
		digest:  "sha256:01a2c07724cdf7e0f391d3c157b66b010f3f0a2f046eedd967cc8027a6840db6",
		entries: []string{"blobs/", "blobs/sha256/", "oci-layout", "index.json", "manifest.json", "repositories", "MANIFEST", blobOf(configOf(4)), blobOf(gzipLayer), blobOf(plainLayer)},
		tags:    []string{"localhost:5000/org/app:1"},
	},
	{
		name: "without a name", config: configOf(1), layers: []string{gzipLayer},
		digest:  "sha256:5ebd89f2b1817e69fa725f3ca894ed4fab4c274c31e5e62faadc708f8115aef2",
		entries: []string{"blobs/", "blobs/sha256/", "oci-layout", "index.json", "manifest.json", "MANIFEST", blobOf(configOf(1)), blobOf(gzipLayer)},
	},
	{
		name: "without layers", reference: "scratch", config: configOf(0),
		digest:  "sha256:a4d032a6c4fed0744c961f36230f1f9a93e55eb9d7a3e3a4e4b6b3e3c5a69440",
		entries: []string{"blobs/", "blobs/sha256/", "oci-layout", "index.json", "manifest.json", "MANIFEST", blobOf(configOf(0))},
		tags:    []string{"scratch:latest"},
	},
	{
		name: "with the registry's manifest", reference: "debian:jessie", config: configOf(1), layers: []string{gzipLayer}, manifest: manifestOf(configOf(1), gzipLayer),
		digest:  "sha256:ac5807e37e5118aefc4510dde9fbe4655bc545417e8a009fa7999a7c4055d3a4",
		entries: []string{"blobs/", "blobs/sha256/", "oci-layout", "index.json", "manifest.json", "repositories", "MANIFEST", blobOf(configOf(1)), blobOf(gzipLayer)},
		tags:    []string{"debian:jessie"},
	},
}

func TestWriteArchive(t *testing.T) {
	for _, tt := range archiveTests {
		t.Run(tt.name, func(t *testing.T) {
			c := compose(t, tt.reference, tt.config, tt.layers...)
			if tt.manifest != "" {
				addManifest(tt.manifest)(t, c)
			}
			if err := c.Complete(t.Context()); err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			if err := c.WriteArchive(t.Context(), &b, nil); err != nil {
				t.Fatal(err)
			}
			names, files := readArchive(t, &b)
			l := readLayout(t, files)
			checkDockerArchive(t, files, l, tt.tags)
			if tt.manifest != "" && l.manifest != tt.manifest {
				t.Errorf("manifest: got %s, want %s", l.manifest, tt.manifest)
			}
			for i, name := range names {
				if name == blobOf(l.manifest) {
					names[i] = "MANIFEST"
				}
			}
			if !slices.Equal(names, tt.entries) {
				t.Errorf("entries\n got %q\nwant %q", names, tt.entries)
			}
			if got := digest.FromBytes(archiveOf(t, c)); got != tt.digest {
				t.Errorf("digest of the archive: got %s, want %s", got, tt.digest)
			}
		})
	}
}

func archiveOf(t *testing.T, c *Composition) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := c.WriteArchive(t.Context(), &b, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// readArchive returns the names of a tar archive's entries, in order, and the
// content of its files. It checks that the headers do not depend on time,
// machine or user.
func readArchive(t *testing.T, r io.Reader) (names []string, files map[string]string) {
	t.Helper()
	files = map[string]string{}
	tr := tar.NewReader(r)
	for {
		h, err := tr.Next()
		if err == io.EOF {
			return names, files
		}
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(names, h.Name) {
			t.Errorf("%s is twice in the archive", h.Name)
		}
		data, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		mode := map[byte]int64{tar.TypeReg: 0o644, tar.TypeDir: 0o755, tar.TypeSymlink: 0o777}[h.Typeflag]
		if h.Mode != mode || h.Uid != 0 || h.Gid != 0 || h.Uname+h.Gname != "" || !h.ModTime.Equal(time.Unix(0, 0)) || len(h.PAXRecords) > 0 {
			t.Errorf("header of %s: %+v", h.Name, h)
		}
		names = append(names, h.Name)
		switch h.Typeflag {
		case tar.TypeReg:
			files[h.Name] = string(data)
		case tar.TypeSymlink:
			to := path.Join(path.Dir(h.Name), h.Linkname)
			content, ok := files[to]
			if !ok {
				t.Errorf("%s is a link to %s, which does not precede it", h.Name, to)
			}
			files[h.Name] = content
		}
	}
}

// layout is the only image of an OCI layout.
type layout struct {
	manifest   string // its bytes
	descriptor ocispec.Descriptor
	image      ocispec.Manifest
}

// readLayout reads an OCI layout. It checks that the layout has every named
// blob, with its digest and size, and no other file.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
func readLayout(t *testing.T, files map[string]string) layout {
	t.Helper()
	seen := map[string]bool{}
	blob := func(what string, d ocispec.Descriptor) string {
		name := path.Join("blobs", d.Digest.Algorithm().String(), d.Digest.Encoded())
		data, ok := files[name]
		if !ok || digest.FromString(data) != d.Digest || int64(len(data)) != d.Size || d.MediaType == "" {
			t.Errorf("%s: %+v leads to %q, %v", what, d, data, ok)
		}
		seen[name] = true
		return data
	}
	if got := files["oci-layout"]; got != `{"imageLayoutVersion":"1.0.0"}` {
		t.Errorf("oci-layout: %s", got)
	}
	var index ocispec.Index
	decode(t, files["index.json"], &index)
	if index.SchemaVersion != 2 || len(index.Manifests) != 1 {
		t.Fatalf("index.json: %s", files["index.json"])
	}
	l := layout{descriptor: index.Manifests[0]}
	l.manifest = blob("manifest", l.descriptor)
	var err error
	if l.image, err = image.ParseManifest([]byte(l.manifest)); err != nil {
		t.Fatal(err)
	}
	config, err := image.ParseConfig([]byte(blob("config", l.image.Config)))
	if err != nil || config.CheckLayers(len(l.image.Layers)) != nil {
		t.Errorf("config: %v, %v", err, config.CheckLayers(len(l.image.Layers)))
	}
	for _, layer := range l.image.Layers {
		blob("layer", layer)
	}
	for name := range files {
		if path.Dir(name) == "blobs/sha256" && !seen[name] {
			t.Errorf("%s is in the layout, but nothing names it", name)
		}
	}
	return l
}

func decode(t *testing.T, data string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(data), v); err != nil {
		t.Fatalf("%q: %v", data, err)
	}
}

// checkDockerArchive checks that the tables of docker load name the same image
// as the layout.
func checkDockerArchive(t *testing.T, files map[string]string, l layout, tags []string) {
	t.Helper()
	var manifests []struct {
		Config           string
		RepoTags, Layers []string
	}
	decode(t, files["manifest.json"], &manifests)
	if len(manifests) != 1 || !slices.Equal(manifests[0].RepoTags, tags) || manifests[0].Config != "blobs/sha256/"+l.image.Config.Digest.Encoded() {
		t.Fatalf("manifest.json: %s", files["manifest.json"])
	}
	var layers []string
	for _, layer := range l.image.Layers {
		layers = append(layers, "blobs/sha256/"+layer.Digest.Encoded())
	}
	if !slices.Equal(manifests[0].Layers, layers) || manifests[0].Layers == nil {
		t.Errorf("manifest.json has the layers %q, the layout %q", manifests[0].Layers, layers)
	}
}

func TestArchiveAnnotations(t *testing.T) {
	for reference, want := range map[string][2]string{
		"debian:jessie":          {"docker.io/library/debian:jessie", "jessie"},
		"ghcr.io/org/app":        {"ghcr.io/org/app:latest", "latest"},
		"localhost:5000/a/b/c:1": {"localhost:5000/a/b/c:1", "1"},
		"":                       {},
	} {
		c := compose(t, reference, configOf(0))
		if err := c.Complete(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, files := readArchive(t, bytes.NewReader(archiveOf(t, c)))
		annotations := readLayout(t, files).descriptor.Annotations
		if got := [2]string{annotations["io.containerd.image.name"], annotations["org.opencontainers.image.ref.name"]}; got != want {
			t.Errorf("%s: got %q, want %q", reference, got, want)
		}
	}
}

var changedFileTests = []struct {
	name   string
	change func(path string) error
	err    string // PATH stands for the file's path
}{
	{name: "shorter", change: func(path string) error { return os.Truncate(path, 3) }, err: "PATH: it has 3 bytes, expected 7"},
	{name: "longer", change: func(path string) error { return os.WriteFile(path, []byte(gzipLayer+"!"), 0o600) }, err: "PATH: archive/tar: write too long"},
	{name: "removed", change: os.Remove, err: "PATH: open PATH: no such file or directory"},
}

// A file that changes after its size is in the manifest is an error, not a
// complete archive.
func TestWriteArchiveOfChangedFile(t *testing.T) {
	for _, tt := range changedFileTests {
		t.Run(tt.name, func(t *testing.T) {
			c := compose(t, "", configOf(2), plainLayer, gzipLayer)
			if err := c.Complete(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := tt.change(c.Layers[1].Path); err != nil {
				t.Fatal(err)
			}
			checkError(t, c.WriteArchive(t.Context(), io.Discard, nil), strings.ReplaceAll(tt.err, "PATH", c.Layers[1].Path))
		})
	}
}

// brokenPipe fails after room bytes.
type brokenPipe struct{ room int }

var errPipe = errors.New("broken pipe")

func (p *brokenPipe) Write(data []byte) (int, error) {
	n := min(len(data), p.room)
	p.room -= n
	if n < len(data) {
		return n, errPipe
	}
	return n, nil
}

// A reader that goes away is an error, at any offset.
func TestWriteArchiveToBrokenPipe(t *testing.T) {
	c := compose(t, "debian:jessie", configOf(2), plainLayer, gzipLayer)
	if err := c.Complete(t.Context()); err != nil {
		t.Fatal(err)
	}
	for room := range len(archiveOf(t, c)) / 256 {
		if err := c.WriteArchive(t.Context(), &brokenPipe{room * 256}, nil); !errors.Is(err, errPipe) {
			t.Errorf("after %d bytes: %v", room*256, err)
		}
	}
}
