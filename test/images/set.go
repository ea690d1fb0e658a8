package images

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"hocker/test/servers"
)

// variant is one format that an image can have.
type variant struct {
	compression compression
	index       bool     // for two architectures
	convert     []string // skopeo's arguments that turn the OCI layout into this format
}

// variants are the formats by the names that test scripts use.
var variants = map[string]variant{
	"docker":    {compression: gzipped, convert: []string{"--format=v2s2"}},
	"list":      {compression: gzipped, convert: []string{"--format=v2s2", "--all"}, index: true},
	"oci":       {compression: gzipped},
	"oci-index": {compression: gzipped, index: true},
	"oci-tar":   {compression: uncompressed},
	"oci-zstd":  {compression: uncompressed, convert: []string{"--format=oci", "--dest-compress", "--dest-compress-format=zstd"}},
}

// Variants lists the names that a Spec's Variant can have.
func Variants() []string { return slices.Sorted(maps.Keys(variants)) }

// Spec says which image is wanted. Equal Specs give equal digests.
type Spec struct {
	Variant  string // one of Variants
	Greeting string // what /hello says, "hello from hocker" if empty
	BulkMiB  int    // the size of an additional layer that does not compress, 0 for none
}

func (s Spec) greeting() string {
	if s.Greeting == "" {
		return "hello from hocker"
	}
	return s.Greeting
}

// Image tells what has been made: for an index, Manifest and the rest are
// those of this machine's architecture.
type Image struct {
	Digest   digest.Digest // of what the tag points to
	Manifest digest.Digest
	Config   digest.Digest
	Layers   []digest.Digest // as the registry holds them
	DiffIDs  []digest.Digest // uncompressed

	source string // as skopeo names it
}

// Set makes images when they are first wanted and keeps them in a directory.
type Set struct {
	dir    string
	mu     sync.Mutex
	images map[Spec]func() (*Image, error)
}

// NewSet makes an empty set that keeps its images in dir.
func NewSet(dir string) *Set {
	return &Set{dir: dir, images: map[Spec]func() (*Image, error){}}
}

// Image returns the image of a Spec, making it if need be.
func (s *Set) Image(spec Spec) (*Image, error) {
	variant, ok := variants[spec.Variant]
	if !ok {
		return nil, fmt.Errorf("no image variant %q, there are %s", spec.Variant, strings.Join(Variants(), ", "))
	}
	s.mu.Lock()
	image, ok := s.images[spec]
	if !ok {
		dir := filepath.Join(s.dir, fmt.Sprintf("%s-%d", spec.Variant, len(s.images)))
		image = sync.OnceValues(func() (*Image, error) { return build(dir, spec, variant) })
		s.images[spec] = image
	}
	s.mu.Unlock()
	return image()
}

// Push copies the image of a Spec to name ("repository:tag") of a registry.
func (s *Set) Push(spec Spec, registry *servers.Registry, name string) (*Image, error) {
	image, err := s.Image(spec)
	if err != nil {
		return nil, err
	}
	args := []string{"--all", "--preserve-digests", "--dest-tls-verify=false"}
	if account := registry.Account(); account != nil {
		args = append(args, "--dest-creds="+account.Username+":"+account.Password)
	}
	return image, skopeoCopy(image.source, "docker://"+registry.Addr()+"/"+name, args...)
}

// Save writes the image as a docker-archive that calls it name.
func (i *Image) Save(path, name string) error {
	return skopeoCopy(i.source, "docker-archive:"+path+":"+name)
}

// build writes the layout of an image in dir and converts it.
func build(dir string, spec Spec, variant variant) (*Image, error) {
	layout, err := newLayout(filepath.Join(dir, "oci"))
	if err != nil {
		return nil, err
	}
	top, err := layout.image(spec, runtime.GOARCH, variant.compression)
	if err == nil && variant.index {
		top, err = layout.index(spec, top, variant.compression)
	}
	if err != nil {
		return nil, err
	}
	if err := layout.finish(top); err != nil {
		return nil, err
	}
	source := "oci:" + layout.dir + ":" + layoutTag
	if variant.convert == nil {
		return describe(source, filepath.Join(layout.dir, "blobs", "sha256"), top.Digest)
	}
	converted := filepath.Join(dir, "converted")
	if err := skopeoCopy(source, "dir:"+converted, variant.convert...); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(converted, "manifest.json"))
	if err != nil {
		return nil, err
	}
	return describe("dir:"+converted, converted, digest.FromBytes(data))
}

// index adds the image for another architecture and an index of the two.
func (l *layout) index(spec Spec, native v1.Descriptor, c compression) (v1.Descriptor, error) {
	other := "arm64"
	if runtime.GOARCH == other {
		other = "amd64"
	}
	spec.Greeting = spec.greeting() + " on " + other
	foreign, err := l.image(spec, other, c)
	if err != nil {
		return v1.Descriptor{}, err
	}
	index := v1.Index{MediaType: v1.MediaTypeImageIndex, Manifests: []v1.Descriptor{native, foreign}}
	index.SchemaVersion = 2
	return l.json(v1.MediaTypeImageIndex, index)
}

// describe reads an image's digests from the files that skopeo or we have
// written: blobs under their hex digest, the manifests of skopeo's dir: with a
// suffix or under the fixed name manifest.json.
func describe(source, dir string, top digest.Digest) (*Image, error) {
	image := &Image{Digest: top, Manifest: top, source: source}
	var manifest struct {
		v1.Manifest
		Manifests []v1.Descriptor
	}
	if err := readBlob(dir, top, &manifest); err != nil {
		return nil, err
	}
	for _, d := range manifest.Manifests {
		if d.Platform != nil && d.Platform.Architecture == runtime.GOARCH {
			image.Manifest = d.Digest
			if err := readBlob(dir, d.Digest, &manifest); err != nil {
				return nil, err
			}
		}
	}
	image.Config = manifest.Config.Digest
	for _, layer := range manifest.Layers {
		image.Layers = append(image.Layers, layer.Digest)
	}
	var config v1.Image
	if err := readBlob(dir, image.Config, &config); err != nil {
		return nil, err
	}
	image.DiffIDs = config.RootFS.DiffIDs
	if len(image.DiffIDs) == 0 || len(image.DiffIDs) != len(image.Layers) {
		return nil, fmt.Errorf("image of %d layers has %d diff IDs", len(image.Layers), len(image.DiffIDs))
	}
	return image, nil
}

// readBlob decodes the JSON file that has a digest.
func readBlob(dir string, want digest.Digest, value any) error {
	for _, name := range []string{want.Encoded(), want.Encoded() + ".manifest.json", "manifest.json"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if digest.FromBytes(data) == want {
			return json.Unmarshal(data, value)
		}
	}
	return fmt.Errorf("no blob %s in %s", want, dir)
}

// skopeoCopy runs skopeo copy.
func skopeoCopy(source, destination string, args ...string) error {
	args = append([]string{"--insecure-policy", "copy", "--quiet"}, append(args, source, destination)...)
	output, err := exec.Command("skopeo", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("skopeo copy %s: %w\n%s", destination, err, output)
	}
	return nil
}
