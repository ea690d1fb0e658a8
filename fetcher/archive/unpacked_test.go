package archive

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
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
)

// configOfContents returns the config of an image with these unpacked layers.
func configOfContents(unpacked ...string) string {
	ids := make([]string, len(unpacked))
	for i, data := range unpacked {
		ids[i] = fmt.Sprintf("%q", digest.FromString(data))
	}
	return `{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[` + strings.Join(ids, ",") + `]}}`
}

// completed composes an image and completes it.
func completed(t *testing.T, config string, layers ...string) *Composition {
	t.Helper()
	c := compose(t, "debian:jessie", config, layers...)
	if err := c.Complete(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

// unpackedArchive writes the archive of unpacked layers and returns its bytes.
func unpackedArchive(t *testing.T, c *Composition, jobs int) ([]byte, error) {
	t.Helper()
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "archive"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	writeErr := c.WriteUnpacked(t.Context(), f, jobs)
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left beside the archive: %v, %v", left, err)
	}
	data, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return data, writeErr
}

func TestWriteUnpacked(t *testing.T) {
	for _, tt := range exportTests {
		t.Run(tt.name, func(t *testing.T) {
			config := configOfContents(tt.unpacked...)
			c := completed(t, config, tt.packed...)
			archive, err := unpackedArchive(t, c, 3)
			if err != nil {
				t.Fatal(err)
			}
			_, files := readArchive(t, bytes.NewReader(archive))
			var manifest []dockerManifest
			decode(t, files["manifest.json"], &manifest)
			if len(manifest) != 1 || !slices.Equal(manifest[0].RepoTags, []string{"debian:jessie"}) || files[manifest[0].Config] != config {
				t.Fatalf("manifest.json: %s", files["manifest.json"])
			}
			want := map[string]bool{"manifest.json": true, manifest[0].Config: true}
			if len(tt.packed) > 0 {
				want["repositories"] = true
			}
			for i, layer := range manifest[0].Layers {
				again := slices.Contains(tt.unpacked[:i], tt.unpacked[i])
				if files[layer] != tt.unpacked[i] || want[layer] || again == (layer == digest.FromString(tt.unpacked[i]).Encoded()+"/layer.tar") {
					t.Errorf("layer %d, %s: %q, want %q", i, layer, files[layer], tt.unpacked[i])
				}
				want[layer] = true
			}
			if got := slices.Sorted(maps.Keys(files)); len(manifest[0].Layers) != len(tt.packed) || !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
				t.Errorf("the archive has %q", got)
			}
			if again, err := unpackedArchive(t, c, 1); err != nil || !bytes.Equal(archive, again) {
				t.Errorf("the archive differs with one job, %v", err)
			}
		})
	}
}

// The bytes of an archive do not change between versions: changing them
// rebuilds all archives in all stores.
func TestWriteUnpackedDigest(t *testing.T) {
	c := completed(t, configOfContents("first", "second", "third"), gzipped("first"), "second", zstdFrame("third"))
	archive, err := unpackedArchive(t, c, 2)
	const want = "sha256:7dd8a3b1831341a74afded93f852ae15e6aa2e8e3dae94bb64d5b833a7c4f9d9"
	if got := digest.FromBytes(archive); err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

// A wrong guess does not change the archive.
func TestWriteUnpackedGuesses(t *testing.T) {
	random := string(randomBytes(64 << 10))
	c := completed(t, configOfContents("front"+random, random+"!", "a"), gzipped("front", random), gzipped(random+"!"), gzipped("a"))
	archive, err := unpackedArchive(t, c, 2)
	if err != nil {
		t.Fatal(err)
	}
	_, files := readArchive(t, bytes.NewReader(archive))
	for _, content := range []string{"front" + random, random + "!", "a"} {
		if files[digest.FromString(content).Encoded()+"/layer.tar"] != content {
			t.Errorf("the layer of %d bytes is wrong", len(content))
		}
	}
}

var verifyLayersTests = []struct {
	name             string
	packed, unpacked []string
	err              string // format for the layer's digest and diff ID; empty for no error
	number           int
}{
	{name: "no layers"},
	{name: "valid layers", packed: []string{gzipped("a"), "b", zstdFrame("c")}, unpacked: []string{"a", "b", "c"}},
	{name: "a layer twice", packed: []string{gzipped("a"), gzipped("a")}, unpacked: []string{"a", "a"}},
	{name: "another content", packed: []string{gzipped("a"), gzipped("x")}, unpacked: []string{"a", "b"}, number: 1,
		err: "layer 1, %s, does not match the config: its diff ID is " + digest.FromString("x").String() + ", but the config names %s"},
	{name: "a layer twice, one diff ID wrong", packed: []string{gzipped("a"), gzipped("a")}, unpacked: []string{"a", "b"}, number: 1,
		err: "layer 1, %s, does not match the config: its diff ID is " + digest.FromString("a").String() + ", but the config names %s"},
	{name: "compressed twice", packed: []string{gzipped(gzipped("a"))}, unpacked: []string{"a"},
		err: "layer 0, %s, does not match the config: its diff ID is " + digest.FromString(gzipped("a")).String() + ", but the config names %s"},
	{name: "truncated", packed: []string{gzipped("a long content")[:20]}, unpacked: []string{"a"},
		err: "layer 0, %s, does not match the config, which names the diff ID %s: unpacking: unexpected EOF"},
}

func TestVerifyLayers(t *testing.T) {
	for _, tt := range verifyLayersTests {
		for _, jobs := range []int{1, 4} {
			t.Run(fmt.Sprint(tt.name, " ", jobs), func(t *testing.T) {
				c := completed(t, configOfContents(tt.unpacked...), tt.packed...)
				_, archiveErr := unpackedArchive(t, c, jobs)
				for _, err := range []error{c.VerifyLayers(t.Context(), jobs), archiveErr} {
					if tt.err == "" {
						if err != nil {
							t.Error(err)
						}
						continue
					}
					var layer *LayerError
					want := fmt.Sprintf(tt.err, digest.FromString(tt.packed[tt.number]), digest.FromString(tt.unpacked[tt.number]))
					if !errors.As(err, &layer) || layer.Number != tt.number || err.Error() != want {
						t.Errorf("got %v, want %s", err, want)
					}
				}
			})
		}
	}
}

// A failure of the machine is not a *LayerError.
func TestVerifyLayersOtherErrors(t *testing.T) {
	c := completed(t, configOfContents("a"), gzipped("a"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var layer *LayerError
	if err := c.VerifyLayers(ctx, 1); !errors.Is(err, context.Canceled) || errors.As(err, &layer) {
		t.Errorf("cancelled: %v", err)
	}
	if err := os.Remove(c.Layers[0].Path); err != nil {
		t.Fatal(err)
	}
	if err := c.VerifyLayers(t.Context(), 1); !errors.Is(err, fs.ErrNotExist) || errors.As(err, &layer) {
		t.Errorf("without its file: %v", err)
	}
}

func TestWriteLinkedLayout(t *testing.T) {
	config := configOfContents("a", "b", "a")
	layers := []string{gzipped("a"), "b", gzipped("a")}
	for _, pinned := range []bool{false, true} {
		c := compose(t, "debian:jessie", config, layers...)
		if pinned {
			addManifest(manifestOf(config, layers...))(t, c)
		}
		if err := c.Complete(t.Context()); err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(t.TempDir(), "layout")
		if err := c.WriteLayout(dir); err != nil {
			t.Fatal(err)
		}
		l := readLayout(t, readFiles(t, dir))
		made, err := c.ManifestBytes()
		if err != nil || l.manifest != string(made) || pinned && l.manifest != manifestOf(config, layers...) {
			t.Errorf("manifest: %s, %v", l.manifest, err)
		}
		files := append([]File{c.Config}, c.Layers[:2]...) // the third is the same as the first
		if pinned {
			files = append(files, *c.Manifest)
		}
		for _, file := range files {
			if target, err := os.Readlink(filepath.Join(dir, blobName(file.Digest))); err != nil || target != file.Path {
				t.Errorf("%s leads to %s, %v", file.Digest, target, err)
			}
		}
	}
}

// The platform passes through the JSON for a builder.
func TestCompletePlatform(t *testing.T) {
	for _, tt := range []struct{ platform, config, err string }{
		{platform: "linux/amd64"},
		{platform: "linux/x86_64"},
		{platform: "linux/amd64/v1"},
		{platform: "linux/arm64", err: "the image is for another platform: its config says linux/amd64, not linux/arm64"},
		{platform: "windows/amd64", err: "the image is for another platform: its config says linux/amd64, not windows/amd64"},
		{platform: "linux", err: `platform "linux": expected os/arch or os/arch/variant, such as linux/arm64 or linux/arm/v7`},
		{platform: "linux/arm64/v8", config: `"os":"linux","architecture":"arm64"`},
		{platform: "linux/arm64", config: `"os":"linux","architecture":"arm64","variant":"v8"`},
		{platform: "linux/arm", config: `"os":"linux","architecture":"arm","variant":"v6"`},
		{platform: "linux/arm/v7", config: `"os":"linux","architecture":"arm"`},
		{platform: "linux/arm/v7", config: `"os":"linux","architecture":"arm","variant":"v6"`},
		{platform: "linux/arm/v6", config: `"os":"linux","architecture":"arm","variant":"v7"`, err: "the image is for another platform: its config says linux/arm/v7, not linux/arm/v6"},
		{platform: "linux/arm/v7", config: `"created":"never"`},
	} {
		t.Run(tt.platform+tt.config, func(t *testing.T) {
			config := configOf(0)
			if tt.config != "" {
				config = `{` + tt.config + `,"rootfs":{"type":"layers","diff_ids":[]}}`
			}
			c := compose(t, "", config)
			spec, err := json.Marshal(map[string]any{"config": c.Config, "layers": []File{}, "platform": tt.platform})
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "spec")
			write(t, path, string(spec))
			read, err := ReadComposition(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			err = read.Complete(t.Context())
			var input *reference.InputError
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.HasSuffix(err.Error(), ": "+tt.err)) {
				t.Errorf("got %v, want %s", err, tt.err)
			}
			if wrong := tt.platform == "linux"; errors.As(err, &input) != wrong {
				t.Errorf("%v is an input error: %t", err, !wrong)
			}
		})
	}
}
