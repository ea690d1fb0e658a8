package images

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// variant is a format or kind of image. It is written as an OCI layout first.
type variant struct {
	write     func(*layout, Spec) (v1.Descriptor, error) // returns the descriptor for the tag
	algorithm digest.Algorithm                           // of its digests; empty for sha256
	convert   []string                                   // skopeo's arguments that convert the layout to this format
	push      []string                                   // skopeo's arguments that convert it to this format during the push
	direct    bool                                       // this package pushes it, because skopeo cannot
	tool      func(dir string, s Spec) (*Image, error)   // makes the image instead
}

// variants are the formats by the names that test scripts use.
var variants = map[string]variant{
	"docker":    {write: gzippedImage.native, convert: []string{"--format=v2s2"}},
	"list":      {write: gzippedImage.index, convert: []string{"--format=v2s2", "--all"}},
	"oci":       {write: gzippedImage.native},
	"oci-index": {write: gzippedImage.index},
	"oci-tar":   {write: style{compressions: []compression{uncompressed}}.native},
	"oci-zstd": {
		write:   style{compressions: []compression{uncompressed}}.native,
		convert: []string{"--format=oci", "--dest-compress", "--dest-compress-format=zstd"},
	},
	"umoci":   {tool: umoci},
	"buildah": {tool: buildah},
	"schema1": {tool: umoci, push: []string{"--format=v2s1"}},

	// Unusual layers.
	"mixed":    {write: style{compressions: []compression{gzipped, zstandard, uncompressed}}.native},
	"empty":    {write: style{content: withEmptyLayers}.native},
	"repeated": {write: style{content: withRepeatedLayer}.native},
	"deep":     {write: style{content: withManyLayers}.native},
	"none":     {write: style{content: withoutLayers}.native},
	"awkward":  {write: style{content: awkward}.native},
	// Trees as base images have them.
	"debian":  {write: style{base: debian}.native},
	"alpine":  {write: style{base: alpine}.native},
	"busybox": {write: style{base: busyboxLinks}.native},
	// Deviations from the specifications that occur in real registries.
	"octet-config": {write: style{edit: configType("application/octet-stream")}.native, direct: true},
	"json-config":  {write: style{edit: configType("application/json")}.native, direct: true},
	"untyped":      {write: style{edit: configType("")}.native, direct: true},
	"layers-gone":  {write: style{content: withoutLayers, edit: func(m, _ object) { delete(m, "layers") }}.native, direct: true},
	"layers-null":  {write: style{content: withoutLayers, edit: func(m, _ object) { m["layers"] = nil }}.native, direct: true},
	"empty-rootfs": {write: style{content: withoutLayers, edit: func(_, c object) { c["rootfs"] = object{} }}.native, direct: true},
	"unnamed":      {write: unnamedIndex, direct: true},
	"half-named":   {write: halfNamedIndex, direct: true},
	"outer-named":  {write: outerNamedIndex, direct: true},
	"other-entry":  {write: otherEntryIndex, direct: true},
	"sparse":       {write: sparseIndex, direct: true},
	"liar":         {write: lyingIndex, direct: true},

	"padded": {write: style{compressions: []compression{paddedGzip}}.native},
	"window": {write: style{compressions: []compression{wideZstd}}.native},

	// Images that skopeo does not push.
	"nested":         {write: nestedIndex, direct: true},
	"attested":       {write: attestedIndex, direct: true},
	"attestation":    {write: attestationAlone, direct: true},
	"foreign":        {write: style{foreign: true}.native, direct: true},
	"foreign-docker": {write: style{foreign: true, docker: true}.native, direct: true},
	"encrypted":      {write: style{encrypted: true}.native, direct: true},
	"chart":          {write: chart, direct: true},
	"artifact":       {write: artifact, direct: true},

	// Images that docker-registry rejects: for a static server only.
	"oci-artifact": {write: withdrawnArtifact, direct: true},
	"huge":         {write: hugeManifest, direct: true},
	"sha512":       {write: gzippedImage.native, direct: true, algorithm: digest.SHA512},
}

// Variants lists the names that a Spec's Variant can have.
func Variants() []string { return slices.Sorted(maps.Keys(variants)) }

// style describes the layers of an image.
type style struct {
	compressions []compression         // of the layers in turn; gzip if empty
	content      func([]layer) []layer // changes their content
	base         func([]layer) ([]layer, error)
	foreign      bool // the lowest one is only below the Spec's Foreign
	encrypted    bool // only by their media types
	docker       bool // Docker's media types instead of the OCI's
	edit         func(manifest, config object)
}

var gzippedImage = style{}

// native writes the image for this machine's architecture.
func (t style) native(l *layout, s Spec) (v1.Descriptor, error) {
	return t.image(l, s, runtime.GOARCH)
}

// index writes the image for two architectures, and an index of them.
func (t style) index(l *layout, s Spec) (v1.Descriptor, error) {
	both, err := t.both(l, s)
	if err != nil {
		return v1.Descriptor{}, err
	}
	return l.index(both...)
}

// both writes the image for this machine's architecture and another one.
func (t style) both(l *layout, s Spec) ([]v1.Descriptor, error) {
	native, err := t.native(l, s)
	if err != nil {
		return nil, err
	}
	s.Greeting = s.greeting() + " on " + otherArchitecture()
	other, err := t.image(l, s, otherArchitecture())
	return []v1.Descriptor{native, other}, err
}

// otherArchitecture returns an architecture other than this machine's.
func otherArchitecture() string {
	if runtime.GOARCH == "arm64" {
		return "amd64"
	}
	return "arm64"
}

// image writes the image of a Spec for one architecture.
func (t style) image(l *layout, s Spec, architecture string) (v1.Descriptor, error) {
	contents, err := s.layers()
	if err != nil {
		return v1.Descriptor{}, err
	}
	if t.base != nil {
		if contents, err = t.base(contents); err != nil {
			return v1.Descriptor{}, err
		}
	}
	if t.content != nil {
		contents = t.content(contents)
	}
	platform := v1.Platform{OS: "linux", Architecture: architecture}
	config := v1.Image{
		Platform: platform,
		Config:   v1.ImageConfig{Env: []string{"PATH=/bin"}, Cmd: []string{"/bin/cat", "/hello"}},
		RootFS:   v1.RootFS{Type: "layers", DiffIDs: []digest.Digest{}},
	}
	var manifest v1.Manifest
	for i, content := range contents {
		d, diff, err := l.layer(content, t.compression(i))
		if err != nil {
			return v1.Descriptor{}, err
		}
		manifest.Layers = append(manifest.Layers, d)
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, diff)
	}
	if manifest.Config, err = t.config(l, config); err != nil {
		return v1.Descriptor{}, err
	}
	if t.foreign {
		if err := makeForeign(&manifest.Layers[0], s); err != nil {
			return v1.Descriptor{}, err
		}
	}
	for i := range manifest.Layers {
		if t.encrypted {
			manifest.Layers[i].MediaType += "+encrypted"
		}
	}
	if t.docker {
		dockerTypes(&manifest)
	}
	d, err := t.manifest(l, manifest)
	d.Platform = &platform
	return d, err
}

func (t style) compression(i int) compression {
	if len(t.compressions) == 0 {
		return gzipped
	}
	return t.compressions[i%len(t.compressions)]
}

// makeForeign marks a layer as foreign: the registry does not hold it.
func makeForeign(d *v1.Descriptor, s Spec) error {
	if s.Foreign == "" {
		return fmt.Errorf("variant %s: no Foreign in the Spec", s.Variant)
	}
	d.MediaType = strings.Replace(d.MediaType, ".layer.", ".layer.nondistributable.", 1)
	d.URLs = []string{s.Foreign + "/" + d.Digest.String()}
	return nil
}

// dockerTypes gives a manifest with gzip layers the media types of Docker's schema 2.
func dockerTypes(m *v1.Manifest) {
	m.MediaType = "application/vnd.docker.distribution.manifest.v2+json"
	m.Config.MediaType = "application/vnd.docker.container.image.v1+json"
	for i, d := range m.Layers {
		m.Layers[i].MediaType = "application/vnd.docker.image.rootfs.diff.tar.gzip"
		if d.URLs != nil {
			m.Layers[i].MediaType = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
		}
	}
}

// withEmptyLayers adds a layer without entries in the middle and on top, as build steps
// without files make them.
func withEmptyLayers(layers []layer) []layer {
	return append(slices.Insert(layers, 1, layer{}), layer{})
}

// withRepeatedLayer adds the second layer again on top.
func withRepeatedLayer(layers []layer) []layer { return append(layers, layers[1]) }

// manyLayers is how many layers withManyLayers makes of an image.
const manyLayers = 60

// withManyLayers adds layers that each change a file, add one, and remove the one before.
func withManyLayers(layers []layer) []layer {
	for n := len(layers); n < manyLayers; n++ {
		layers = append(layers, layer{
			file("changed", fmt.Sprintln(n)),
			directory("deep/", 0o755),
			file(fmt.Sprintf("deep/%d", n), ""),
			file(fmt.Sprintf("deep/.wh.%d", n-1), ""),
		})
	}
	return layers
}

func withoutLayers([]layer) []layer { return nil }
