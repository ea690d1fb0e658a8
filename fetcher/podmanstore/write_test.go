package podmanstore

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

const (
	gzipType = ocispec.MediaTypeImageLayerGzip
	zstdType = ocispec.MediaTypeImageLayerZstd
)

// layer returns a layer with an EROFS file in dir, which has nothing but the first bytes of one.
func layer(t *testing.T, dir, content, mediaType string) Layer {
	t.Helper()
	file := filepath.Join(dir, digest.FromString(content+mediaType).Encoded()+".erofs")
	if err := os.WriteFile(file, append(make([]byte, superblock), erofsMagic...), 0o666); err != nil {
		t.Fatal(err)
	}
	return Layer{
		File:   file,
		DiffID: digest.FromString(content),
		Size:   int64(len(content)),
	}
}

// made returns an image with a config and a manifest for the layers.
func made(t *testing.T, name string, layers ...Layer) Image {
	t.Helper()
	diffIDs := []digest.Digest{}
	m := ocispec.Manifest{MediaType: ocispec.MediaTypeImageManifest}
	for _, layer := range layers {
		diffIDs = append(diffIDs, layer.DiffID)
		m.Layers = append(m.Layers, ocispec.Descriptor{MediaType: ocispec.MediaTypeImageLayer, Digest: digest.FromString(layer.File), Size: 7})
	}
	config := mustJSON(t, map[string]any{
		"architecture": "amd64", "os": "linux", "created": "2020-09-13T12:26:40Z",
		"rootfs": map[string]any{"type": "layers", "diff_ids": diffIDs},
	})
	m.SchemaVersion = 2
	m.Config = ocispec.Descriptor{MediaType: ocispec.MediaTypeImageConfig, Digest: digest.FromBytes(config), Size: int64(len(config))}
	image := Image{Config: config, Manifest: mustJSON(t, m), Layers: layers}
	if name != "" {
		var err error
		if image.Reference, err = reference.Parse(name); err != nil {
			t.Fatal(err)
		}
	}
	return image
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// written writes a store and returns its folder.
func written(t *testing.T, images ...Image) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	if err := Write(t.Context(), dir, images); err != nil {
		t.Fatal(err)
	}
	return dir
}

// readTree returns the contents of the files and the targets of the links of a store.
func readTree(t *testing.T, dir string) map[string]string {
	t.Helper()
	tree := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		var content []byte
		switch entry.Type() {
		case fs.ModeDir:
			name += "/"
		case fs.ModeSymlink:
			tree[name], err = os.Readlink(path)
			return err
		default:
			content, err = os.ReadFile(path)
		}
		tree[name] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func readRecords[T any](t *testing.T, dir string, path ...string) (records []T) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(append([]string{dir}, path...)...))
	if err == nil {
		err = json.Unmarshal(data, &records)
	}
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func images(t *testing.T, dir string) []imageRecord {
	return readRecords[imageRecord](t, dir, imageFolder, imageTable)
}

func layers(t *testing.T, dir string) []layerRecord {
	return readRecords[layerRecord](t, dir, layerFolder, layerTable)
}

// The order of the images does not matter.
func TestWriteOrder(t *testing.T) {
	dir := t.TempDir()
	a, b, c := layer(t, dir, "a", gzipType), layer(t, dir, "b", zstdType), layer(t, dir, "c", "")
	all := []Image{
		made(t, "one:1", a, b),
		made(t, "two", a, b, c),
		made(t, "three", b, a),
		made(t, "repeated", a, a, a),
		made(t, "empty"),
		made(t, "", c),
		made(t, "ghcr.io/org/one:2", a, b),
	}
	want := readTree(t, written(t, all...))
	slices.Reverse(all)
	if got := readTree(t, written(t, all...)); !maps.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

// Every file, folder and link of a store is needed.
func TestCheckMissing(t *testing.T) {
	files := t.TempDir()
	a, b := layer(t, files, "a", gzipType), layer(t, files, "b", gzipType)
	for name := range readTree(t, written(t, made(t, "one", a, b), made(t, "two", a))) {
		dir := written(t, made(t, "one", a, b), made(t, "two", a))
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if err := Check(t.Context(), dir); err == nil {
			t.Errorf("no error without %s", name)
		}
	}
}

// What a file of a store says is checked.
func TestCheckContent(t *testing.T) {
	files := t.TempDir()
	a, b := layer(t, files, "a", gzipType), layer(t, files, "b", gzipType)
	for name, content := range readTree(t, written(t, made(t, "one", a, b))) {
		dir := written(t, made(t, "one", a, b))
		path := filepath.Join(dir, name)
		info, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		if !info.Mode().IsRegular() || content == "" {
			continue // a folder, a link, a lock
		}
		if err := os.WriteFile(path, []byte("changed"), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := Check(t.Context(), dir); err == nil {
			t.Errorf("no error with another %s", name)
		}
	}
}

// The engine gives pulled layers the same IDs.
func TestChainID(t *testing.T) {
	files := t.TempDir()
	a, b := layer(t, files, "a", gzipType), layer(t, files, "b", zstdType)
	dir := written(t, made(t, "one", a, b, a))
	first := a.DiffID.Encoded()
	second := digest.FromString(first + "+" + b.DiffID.Encoded()).Encoded()
	third := digest.FromString(second + "+" + first).Encoded()
	parents := map[string]string{}
	for _, layer := range layers(t, dir) {
		parents[layer.ID] = layer.Parent
	}
	if want := map[string]string{first: "", second: first, third: second}; !maps.Equal(parents, want) {
		t.Errorf("got %v\nwant %v", parents, want)
	}
	if top := images(t, dir)[0].TopLayer; top != third {
		t.Errorf("the top is %s, want %s", top, third)
	}
}

// An image that has several names, or comes from blobs of several compressions, is one image.
func TestWriteSameConfig(t *testing.T) {
	files := t.TempDir()
	gzip, zstd := layer(t, files, "a", gzipType), layer(t, files, "a", zstdType)
	dir := written(t, made(t, "app", gzip), made(t, "docker.io/library/app:latest", gzip), made(t, "ghcr.io/org/app:1", zstd), made(t, "localhost:5000/app:x", zstd))
	records := images(t, dir)
	if len(records) != 1 || len(layers(t, dir)) != 1 {
		t.Fatalf("got %d images with %d layers", len(records), len(layers(t, dir)))
	}
	if want := []string{"docker.io/library/app:latest", "ghcr.io/org/app:1", "localhost:5000/app:x"}; !slices.Equal(records[0].Names, want) {
		t.Errorf("got %v, want %v", records[0].Names, want)
	}
	manifests := 0
	for name := range records[0].BigDataDigests {
		if strings.HasPrefix(name, "manifest-sha256:") {
			manifests++
		}
	}
	if manifests != 2 {
		t.Errorf("got %d manifests, want 2: %v", manifests, records[0].BigDataNames)
	}
}

// A store without images is a store.
func TestWriteNothing(t *testing.T) {
	dir := written(t)
	if got := string(mustJSON(t, images(t, dir))) + string(mustJSON(t, layers(t, dir))); got != "[][]" {
		t.Errorf("got %s", got)
	}
}

func TestWriteErrors(t *testing.T) {
	files := t.TempDir()
	a, b := layer(t, files, "a", gzipType), layer(t, files, "b", gzipType)
	one, two := made(t, "app:1", a), made(t, "docker.io/library/app:1", b)
	ids := []string{digest.FromBytes(one.Config).String(), digest.FromBytes(two.Config).String()}
	slices.Sort(ids)
	wrong := made(t, "wrong", a)
	wrong.Layers[0] = b
	gone := made(t, "gone", layer(t, files, "gone", gzipType))
	if err := os.Remove(gone.Layers[0].File); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		images []Image
		err    string
	}{
		{"one name for two images", []Image{one, two}, fmt.Sprintf("two images have the name docker.io/library/app:1: %s and %s", ids[0], ids[1])},
		{"too many layers", []Image{made(t, "many", slices.Repeat([]Layer{a}, maxLayers+1)...)}, "docker.io/library/many:latest has 250 layers: Linux mounts at most 249 of them at once"},
		{"another layer", []Image{wrong}, "its layers are [" + b.DiffID.String() + "], but its config names [" + a.DiffID.String() + "]"},
		{"a missing file", []Image{gone}, "no such file or directory"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := Write(t.Context(), filepath.Join(t.TempDir(), "store"), tt.images)
			if err == nil || !strings.HasSuffix(err.Error(), tt.err) {
				t.Errorf("got %v\nwant …%s", err, tt.err)
			}
		})
	}
}
