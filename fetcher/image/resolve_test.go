package image

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"hocker/fetcher/content"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// memory is a source of manifests by tag and digest, and of configs by digest.
type memory struct {
	content map[string][]byte
	asked   []string // all requests, in order
}

func newMemory() *memory { return &memory{content: map[string][]byte{}} }

func (m *memory) Manifest(_ context.Context, ref reference.Reference) (Manifest, error) {
	m.asked = append(m.asked, ref.Identifier())
	data, ok := m.content[ref.Identifier()]
	if !ok {
		return Manifest{}, fmt.Errorf("manifest %.14s: %w", ref.Identifier(), content.ErrNotFound)
	}
	return Manifest{Digest: digest.FromBytes(data), Bytes: data}, nil
}

func (m *memory) Config(_ context.Context, _ reference.Repository, desc ocispec.Descriptor) ([]byte, error) {
	m.asked = append(m.asked, "config "+desc.Digest.String())
	data, ok := m.content[desc.Digest.String()]
	if !ok {
		return nil, fmt.Errorf("config %.14s: %w", desc.Digest, content.ErrNotFound)
	}
	return data, nil
}

// add adds a document and returns its descriptor for an index.
func (m *memory) add(mediaType, platform string, v any) ocispec.Descriptor {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	d := digest.FromBytes(data)
	m.content[d.String()] = data
	return named(ocispec.Descriptor{MediaType: mediaType, Digest: d, Size: int64(len(data))}, platform)
}

// named sets a descriptor's platform, or removes it.
func named(d ocispec.Descriptor, platform string) ocispec.Descriptor {
	d.Platform = nil
	if os, rest, ok := strings.Cut(platform, "/"); ok {
		architecture, variant, _ := strings.Cut(rest, "/")
		d.Platform = &ocispec.Platform{OS: os, Architecture: architecture, Variant: variant}
	}
	return d
}

// image adds an image whose config states a platform.
func (m *memory) image(platform string) ocispec.Descriptor {
	return m.imageOf(ocispec.MediaTypeImageConfig, platform)
}

// imageOf adds an image whose config has a media type.
func (m *memory) imageOf(mediaType, platform string) ocispec.Descriptor {
	p := ocispec.Platform{}
	if d := named(ocispec.Descriptor{}, platform); d.Platform != nil {
		p = *d.Platform
	}
	config := m.add(mediaType, "", ocispec.Image{Author: mediaType, Platform: p, RootFS: ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{}}})
	image := ocispec.Manifest{Config: config, Layers: []ocispec.Descriptor{}}
	image.SchemaVersion = 2
	return m.add(ocispec.MediaTypeImageManifest, platform, image)
}

// unnamed adds an image whose platform only its config states.
func (m *memory) unnamed(platform string) ocispec.Descriptor { return named(m.image(platform), "") }

func (m *memory) tag(name string, d ocispec.Descriptor) {
	m.content[name] = m.content[d.Digest.String()]
}

func (m *memory) index(tag string, manifests ...ocispec.Descriptor) ocispec.Descriptor {
	index := ocispec.Index{Manifests: append([]ocispec.Descriptor{}, manifests...)}
	index.SchemaVersion = 2
	d := m.add(ocispec.MediaTypeImageIndex, "", index)
	m.tag(tag, d)
	return d
}

// missing returns an entry for a document that does not exist.
func missing(mediaType, platform string) ocispec.Descriptor {
	return named(ocispec.Descriptor{MediaType: mediaType, Digest: digest.FromString(platform)}, platform)
}

// testImages returns a source with indexes of every kind.
func testImages() *memory {
	m := newMemory()
	amd, arm := m.image("linux/amd64"), m.image("linux/arm64")
	inner := m.index("inner", m.image("linux/arm64/v8"), m.image("unknown/unknown"))
	m.index("nested", amd, inner, m.image("linux/arm/v6"))
	m.index("empty")
	m.index("unnamed", m.unnamed("linux/amd64"))
	m.index("two unnamed", m.unnamed("linux/s390x"), m.unnamed("linux/amd64"), m.unnamed("linux/arm64"))
	m.index("named and unnamed", arm, m.unnamed("linux/amd64"))
	m.index("nested unnamed", named(m.index("a", m.unnamed("linux/amd64")), "linux/amd64"), named(m.index("b", m.unnamed("linux/arm64")), "linux/arm64"))
	m.index("lost", missing(ocispec.MediaTypeImageManifest, "linux/amd64"), arm)
	m.index("lost index", missing(ocispec.MediaTypeImageIndex, ""), named(missing(ocispec.MediaTypeImageIndex, "x"), "linux/arm64"), m.index("c", arm))
	m.index("lost unnamed", missing(ocispec.MediaTypeImageManifest, "y"), m.unnamed("linux/amd64"), m.unnamed("linux/arm64"))
	m.index("all lost", missing(ocispec.MediaTypeImageIndex, ""))
	m.index("twice", inner, inner, m.index("d", inner, amd))
	m.index("other type", named(m.add("application/vnd.example.other+json", "", "other"), "linux/amd64"), amd)
	sbom := m.add(ocispec.MediaTypeImageManifest, "", json.RawMessage(artifact2))
	sbom.ArtifactType = "application/vnd.example.sbom"
	m.index("with artifacts", sbom, named(m.add(ocispec.MediaTypeImageManifest, "", json.RawMessage(artifact)), ""), m.unnamed("linux/amd64"))
	m.index("liar", named(amd, "linux/arm64"))
	deep := m.index("deep 0", amd)
	for i := range 99 {
		deep = m.index(fmt.Sprintf("deep %d", i+1), deep)
	}
	var many []ocispec.Descriptor
	for range 1001 {
		many = append(many, arm)
	}
	m.index("1000", many[1:]...)
	m.index("1001", many...)
	m.index("1001 in all", m.index("e", many[500:]...), m.index("f", many[:500]...))
	var indexes []ocispec.Descriptor
	for i := range 900 {
		indexes = append(indexes, m.index(fmt.Sprint("part ", i), named(arm, fmt.Sprintf("linux/%d", i))))
	}
	m.index("900 indexes", indexes...)
	m.tag("manifest", m.image("linux/s390x"))
	m.tag("old", m.imageOf("application/octet-stream", "linux/s390x"))
	m.tag("no platform", m.unnamed(""))
	m.content["helm"] = []byte(artifact)
	m.tag("settings", m.add("", "", json.RawMessage(`{"schemaVersion":2,"config":{"mediaType":"application/json","digest":"`+m.add("", "", "settings").Digest.String()+`"}}`)))
	return m
}

var resolveTests = []struct {
	tag      string
	platform string // requested; empty for none
	want     string // platform of the chosen manifest
	asked    int    // number of requests; 0 means any
	err      string
}{
	{tag: "nested", platform: "linux/amd64", want: "linux/amd64", asked: 2},
	{tag: "nested", platform: "linux/arm64", want: "linux/arm64/v8", asked: 3},
	{tag: "nested", platform: "linux/arm/v7", want: "linux/arm/v6"},
	{tag: "nested", platform: "unknown/unknown", err: "x/y:nested: no image for unknown/unknown: the index has linux/amd64, linux/arm/v6, linux/arm64/v8"},
	{tag: "nested", platform: "windows/amd64", err: "x/y:nested: no image for windows/amd64: the index has linux/amd64, linux/arm/v6, linux/arm64/v8"},
	{tag: "empty", platform: "linux/amd64", err: "x/y:empty: no image for linux/amd64: the index has no images"},
	// A single image without a platform is chosen as if there were no index.
	{tag: "unnamed", want: "linux/amd64", asked: 2},
	{tag: "unnamed", platform: "linux/amd64", want: "linux/amd64", asked: 3},
	{tag: "unnamed", platform: "linux/arm64", err: "x/y@DIGEST: the image is for another platform: its config says linux/amd64, not linux/arm64"},
	{tag: "two unnamed", platform: "linux/amd64", want: "linux/amd64", asked: 6},
	{tag: "two unnamed", platform: "linux/riscv64", err: "x/y:two unnamed: no image for linux/riscv64: the index has linux/s390x, linux/amd64, linux/arm64"},
	{tag: "named and unnamed", platform: "linux/amd64", want: "linux/amd64", asked: 4},
	{tag: "named and unnamed", platform: "linux/arm64", want: "linux/arm64", asked: 2},
	{tag: "nested unnamed", platform: "linux/arm64", want: "linux/arm64", asked: 3},
	{tag: "lost", platform: "linux/amd64", err: "manifest sha256:baf0239: not found"},
	{tag: "lost", platform: "linux/arm64", want: "linux/arm64", asked: 2},
	{tag: "lost index", platform: "linux/arm64", want: "linux/arm64"},
	{tag: "lost index", platform: "linux/amd64", err: "x/y:lost index: no image for linux/amd64: the index has linux/arm64, and some of its manifests are missing: manifest sha256:e3b0c44: not found"},
	{tag: "lost unnamed", platform: "linux/amd64", want: "linux/amd64"},
	{tag: "all lost", platform: "linux/amd64", err: "x/y:all lost: no image for linux/amd64: the index has no images, and some of its manifests are missing: manifest sha256:e3b0c44: not found"},
	{tag: "twice", platform: "linux/amd64", want: "linux/amd64", asked: 4},
	{tag: "other type", platform: "linux/amd64", want: "linux/amd64", asked: 2},
	{tag: "with artifacts", platform: "linux/amd64", want: "linux/amd64"},
	// The index is trusted.
	{tag: "liar", platform: "linux/arm64", want: "linux/amd64", asked: 2},
	{tag: "liar", platform: "linux/amd64", err: "x/y:liar: no image for linux/amd64: the index has linux/arm64"},
	{tag: "deep 98", platform: "linux/amd64", want: "linux/amd64", asked: 100},
	{tag: "deep 99", platform: "linux/amd64", want: "linux/amd64", asked: 101},
	{tag: "1000", platform: "linux/arm64", want: "linux/arm64"},
	{tag: "1001", platform: "linux/arm64", err: "x/y:1001: the index and those nested in it have more than 1,000 manifests, the limit"},
	{tag: "1001 in all", platform: "linux/amd64", asked: 3, err: "x/y:1001 in all: the index and those nested in it have more than 1,000 manifests, the limit"},
	{tag: "900 indexes", platform: "linux/amd64", asked: 101, err: "x/y:900 indexes: reading the index takes more than 100 requests, the limit"},

	{tag: "manifest", want: "linux/s390x", asked: 1},
	{tag: "manifest", platform: "linux/s390x", want: "linux/s390x", asked: 2},
	{tag: "manifest", platform: "linux/amd64", err: "x/y:manifest: the image is for another platform: its config says linux/s390x, not linux/amd64"},
	{tag: "no platform", platform: "linux/amd64", want: ""},
	{tag: "old", want: "linux/s390x", asked: 2},
	{tag: "helm", platform: "linux/amd64", asked: 1, err: `manifest of x/y:helm: expected an image manifest, but it is the manifest of an artifact that is not an image (its config is of type "application/vnd.cncf.helm.config.v1+json")`},
	{tag: "settings", err: `manifest of x/y:settings: expected an image manifest, but it is the manifest of an artifact that is not an image (its config, of type "application/json": it is not an image config: expected a JSON object)`},
	{tag: "none", platform: "linux/amd64", err: "manifest none: not found"},
}

func repositoryOf(tag string) reference.Reference {
	return reference.Reference{Repository: reference.Repository{Registry: reference.DockerHub, Path: "x/y"}, Tag: tag}
}

func TestResolve(t *testing.T) {
	images := testImages()
	for _, tt := range resolveTests {
		t.Run(tt.tag+" "+tt.platform, func(t *testing.T) {
			var platform *ocispec.Platform
			if tt.platform != "" {
				p, err := ParsePlatform(tt.platform)
				if err != nil {
					t.Fatal(err)
				}
				platform = &p
			}
			images.asked = nil
			got, err := Resolve(t.Context(), images, repositoryOf(tt.tag), platform)
			if strings.Contains(tt.err, "@DIGEST") {
				tt.err = strings.Replace(tt.err, "DIGEST", images.asked[1], 1)
			}
			checkError(t, err, tt.err)
			if tt.asked > 0 && len(images.asked) != tt.asked {
				t.Errorf("requested %d documents, want %d: %.300q", len(images.asked), tt.asked, images.asked)
			}
			if err != nil {
				return
			}
			config, err := got.CheckConfig(t.Context(), images, reference.Repository{})
			want := named(ocispec.Descriptor{}, tt.want).Platform
			if want == nil {
				want = &ocispec.Platform{}
			}
			if err != nil || FormatPlatform(config.Platform) != FormatPlatform(*want) || got.Digest != digest.FromBytes(got.Bytes) {
				t.Errorf("got %s, %v, want the one for %s", got.Bytes, err, tt.want)
			}
		})
	}
}

// A broken document, unlike a missing one, is an error: it could be the image to
// choose.
func TestResolveBroken(t *testing.T) {
	m := newMemory()
	m.index("html", m.add(ocispec.MediaTypeImageIndex, "", "web page"), m.image("linux/amd64/v2"))
	_, err := Resolve(t.Context(), m, repositoryOf("html"), &ocispec.Platform{OS: "linux", Architecture: "amd64"})
	var mismatch *KindMismatchError
	if !errors.As(err, &mismatch) {
		t.Errorf("got %v", err)
	}
}

var platformsTests = []struct {
	tag  string
	want []string
	err  string
}{
	{tag: "nested", want: []string{"linux/amd64", "linux/arm64/v8", "linux/arm/v6"}},
	{tag: "two unnamed", want: []string{"linux/s390x", "linux/amd64", "linux/arm64"}},
	{tag: "nested unnamed", want: []string{"linux/amd64", "linux/arm64"}},
	{tag: "lost", want: []string{"linux/amd64", "linux/arm64"}},
	{tag: "lost index", want: []string{"linux/arm64"}},
	{tag: "lost unnamed", want: []string{"linux/amd64", "linux/arm64"}},
	{tag: "all lost", err: "x/y:all lost: manifest sha256:e3b0c44: not found"},
	{tag: "twice", want: []string{"linux/arm64/v8", "linux/amd64"}},
	{tag: "other type", want: []string{"linux/amd64"}},
	{tag: "with artifacts", want: []string{"linux/amd64"}},
	{tag: "empty"},
	{tag: "manifest", want: []string{"linux/s390x"}},
	{tag: "old", want: []string{"linux/s390x"}},
	{tag: "no platform", want: []string{"unknown/unknown"}},
	{tag: "1001", err: "x/y:1001: the index and those nested in it have more than 1,000 manifests, the limit"},
	{tag: "900 indexes", err: "x/y:900 indexes: reading the index takes more than 100 requests, the limit"},
	{tag: "helm", err: `manifest of x/y:helm: expected an image manifest, but it is the manifest of an artifact that is not an image (its config is of type "application/vnd.cncf.helm.config.v1+json")`},
}

func TestPlatforms(t *testing.T) {
	images := testImages()
	for _, tt := range platformsTests {
		t.Run(tt.tag, func(t *testing.T) {
			entries, err := Platforms(t.Context(), images, repositoryOf(tt.tag))
			checkError(t, err, tt.err)
			var got []string
			for _, d := range entries {
				got = append(got, FormatPlatform(*d.Platform))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// FuzzChoose reads an index from the first line, and its documents from the
// others. A chosen image runs on the platform, a listed image has a platform, and
// the limits hold.
func FuzzChoose(f *testing.F) {
	m := testImages()
	for _, tag := range []string{"nested", "two unnamed", "nested unnamed", "lost index", "with artifacts", "liar", "deep 3"} {
		lines := []string{string(m.content[tag])}
		for key, data := range m.content {
			if strings.HasPrefix(key, "sha256:") && len(data) < 1000 && len(lines) < 40 {
				lines = append(lines, string(data))
			}
		}
		f.Add(strings.Join(lines, "\n"))
	}
	want := ocispec.Platform{OS: "linux", Architecture: "amd64", Variant: "v3"}
	f.Fuzz(func(t *testing.T, text string) {
		m := newMemory()
		for _, line := range strings.Split(text, "\n") {
			m.content[digest.FromString(line).String()] = []byte(line)
		}
		first, _, _ := strings.Cut(text, "\n")
		index := Manifest{Bytes: []byte(first)}
		d, err := Choose(t.Context(), m, reference.Repository{}, index, want)
		if len(m.asked) >= maxDocuments {
			t.Errorf("choosing requested %d documents", len(m.asked))
		}
		if err == nil && (d.Digest == "" || d.Platform != nil && runsOn(*d.Platform, want) < 0) {
			t.Errorf("chose %+v", d)
		}
		m.asked = nil
		images, imagesErr := Images(t.Context(), m, reference.Repository{}, index)
		if len(m.asked) >= maxDocuments || len(images) > maxEntries {
			t.Errorf("requested %d documents for %d images", len(m.asked), len(images))
		}
		for _, d := range images {
			if d.Platform == nil {
				t.Errorf("listed %+v", d)
			}
		}
		var none *NoPlatformError
		if errors.As(err, &none) && imagesErr == nil {
			for _, d := range images {
				if runsOn(*d.Platform, want) >= 0 {
					t.Errorf("did not choose %+v", d)
				}
			}
		}
	})
}
