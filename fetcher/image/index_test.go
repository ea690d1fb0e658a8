package image

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"hocker/fetcher"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

var parseIndexTests = []struct {
	name string
	data string
	err  string
}{
	{name: "oci", data: ociIndex},
	{name: "docker", data: list},
	{name: "manifest", data: schema2, err: "expected an index of manifests for several platforms, but it is an image manifest"},
	{name: "web page", data: "<html>", err: "expected an index of manifests for several platforms, but it is a web page"},
	{name: "no digest", data: `{"schemaVersion":2,"manifests":[{"size":1}]}`, err: "the manifest has no manifests[0].digest"},
	{name: "wrong digest", data: `{"schemaVersion":2,"manifests":[{"digest":"sha256:x"}]}`, err: `the manifest's manifests[0]: digest "sha256:x": expected sha256: and 64 hexadecimal digits in lower case`},
	{name: "other types", data: `{"schemaVersion":2,"manifests":{}}`, err: "expected an index of manifests for several platforms, but it is JSON, but no manifest (json: cannot unmarshal object into Go struct field Index.manifests of type []v1.Descriptor)"},
}

func TestParseIndex(t *testing.T) {
	for _, tt := range parseIndexTests {
		t.Run(tt.name, func(t *testing.T) {
			index, err := ParseIndex([]byte(tt.data))
			checkError(t, err, tt.err)
			if err == nil {
				checkIndex(t, index)
			}
		})
	}
}

// checkIndex checks what holds for every index that is accepted.
func checkIndex(t *testing.T, index ocispec.Index) {
	t.Helper()
	printed, err := json.Marshal(index)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseIndex(printed)
	if err != nil {
		t.Fatalf("%s is not read: %v", printed, err)
	}
	if twice, err := json.Marshal(again); err != nil || string(twice) != string(printed) {
		t.Errorf("printed and read again:\n%s\n%s\n%v", printed, twice, err)
	}
}

// memory is a source of manifests by tag and digest.
type memory map[string][]byte

func (m memory) Manifest(_ context.Context, ref fetcher.Reference) (fetcher.Manifest, error) {
	data, ok := m[ref.Identifier()]
	if !ok {
		return fetcher.Manifest{}, fmt.Errorf("manifest %.14s: %w", ref.Identifier(), fetcher.ErrNotFound)
	}
	return fetcher.Manifest{Digest: digest.FromBytes(data), Bytes: data}, nil
}

// add puts a document in and returns the descriptor by which an index names it.
func (m memory) add(mediaType string, platform string, v any) ocispec.Descriptor {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	d := digest.FromBytes(data)
	m[d.String()] = data
	desc := ocispec.Descriptor{MediaType: mediaType, Digest: d, Size: int64(len(data))}
	if os, rest, ok := strings.Cut(platform, "/"); ok {
		architecture, variant, _ := strings.Cut(rest, "/")
		desc.Platform = &ocispec.Platform{OS: os, Architecture: architecture, Variant: variant}
	}
	return desc
}

func (m memory) image(platform string) ocispec.Descriptor {
	image := ocispec.Manifest{Config: ocispec.Descriptor{MediaType: ocispec.MediaTypeImageConfig, Digest: digest.FromString(platform)}, Layers: []ocispec.Descriptor{}}
	image.SchemaVersion = 2
	return m.add(ocispec.MediaTypeImageManifest, platform, image)
}

func (m memory) index(tag string, manifests ...ocispec.Descriptor) ocispec.Descriptor {
	index := ocispec.Index{Manifests: append([]ocispec.Descriptor{}, manifests...)}
	index.SchemaVersion = 2
	desc := m.add(ocispec.MediaTypeImageIndex, "", index)
	m[tag] = m[desc.Digest.String()]
	return desc
}

// testImages has an index of every kind.
func testImages() memory {
	m := memory{}
	inner := m.index("inner", m.image("linux/arm64/v8"), m.image("unknown/unknown"))
	m.index("nested", m.image("linux/amd64"), inner, m.image("linux/arm/v6"))
	m.index("empty")
	m.index("unnamed", m.image(""))
	m.index("lost", ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: digestA, Platform: &ocispec.Platform{OS: "linux", Architecture: "amd64"}})
	deep := m.index("deep 0", m.image("linux/amd64"))
	for i := range 4 {
		deep = m.index(fmt.Sprintf("deep %d", i+1), deep)
	}
	m["manifest"] = m[m.image("linux/s390x").Digest.String()]
	m["helm"] = []byte(artifact)
	return m
}

var resolveTests = []struct {
	tag      string
	platform string
	want     string // platform of the manifest that is chosen
	err      string
}{
	{tag: "nested", platform: "linux/amd64", want: "linux/amd64"},
	{tag: "nested", platform: "linux/arm64", want: "linux/arm64/v8"},
	{tag: "nested", platform: "linux/arm/v7", want: "linux/arm/v6"},
	{tag: "nested", platform: "unknown/unknown", err: "x/y:nested: no image for unknown/unknown: the index has linux/amd64, linux/arm64/v8, linux/arm/v6"},
	{tag: "nested", platform: "windows/amd64", err: "x/y:nested: no image for windows/amd64: the index has linux/amd64, linux/arm64/v8, linux/arm/v6"},
	{tag: "empty", platform: "linux/amd64", err: "x/y:empty: no image for linux/amd64: the index has none at all"},
	{tag: "unnamed", platform: "linux/amd64", want: ""},
	{tag: "deep 3", platform: "linux/amd64", want: "linux/amd64"},
	{tag: "deep 4", platform: "linux/amd64", err: "index of x/y:deep 4: indexes in indexes, more than 4 deep"},
	// A manifest is taken as it is, whatever its platform.
	{tag: "manifest", platform: "linux/amd64", want: "linux/s390x"},
	{tag: "helm", platform: "linux/amd64", err: `manifest of x/y:helm: expected an image manifest, but it is the manifest of an artifact that is no image (its config is of type "application/vnd.cncf.helm.config.v1+json")`},
	{tag: "lost", platform: "linux/amd64", err: "manifest sha256:054abe3: not found"},
	{tag: "none", platform: "linux/amd64", err: "manifest none: not found"},
}

func TestResolve(t *testing.T) {
	images := testImages()
	for _, tt := range resolveTests {
		t.Run(tt.tag+" "+tt.platform, func(t *testing.T) {
			platform, err := ParsePlatform(tt.platform)
			if err != nil {
				t.Fatal(err)
			}
			ref := fetcher.Reference{Repository: fetcher.Repository{Registry: fetcher.DockerHub, Path: "x/y"}, Tag: tt.tag}
			got, err := Resolve(t.Context(), images, ref, platform)
			checkError(t, err, tt.err)
			if err == nil && (got.Image.Config.Digest != digest.FromString(tt.want) || got.Digest != digest.FromBytes(got.Bytes)) {
				t.Errorf("got %s, want the one for %s", got.Bytes, tt.want)
			}
		})
	}
}

func TestPlatforms(t *testing.T) {
	ref := fetcher.Reference{Repository: fetcher.Repository{Registry: fetcher.DockerHub, Path: "x/y"}, Tag: "nested"}
	entries, err := Platforms(t.Context(), testImages(), ref)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range entries {
		got = append(got, FormatPlatform(*d.Platform))
	}
	if want := []string{"linux/amd64", "linux/arm64/v8", "linux/arm/v6"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	ref.Tag = "manifest"
	_, err = Platforms(t.Context(), testImages(), ref)
	checkError(t, err, "index of x/y:manifest: expected an index of manifests for several platforms, but it is an image manifest")
}
