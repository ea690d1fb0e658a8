package images

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"hocker/test/servers"
)

// Spec describes an image. Equal Specs give equal digests.
type Spec struct {
	Variant  string // one of Variants
	Greeting string // the text of /hello, "hello from hocker" if empty
	BulkMiB  int    // the size of an additional layer that does not compress, 0 for none
	Foreign  string // the URL of the folder with foreign layers, which are named by their digests
}

func (s Spec) greeting() string {
	if s.Greeting == "" {
		return "hello from hocker"
	}
	return s.Greeting
}

// Image has the digests of an image. For an index, Manifest and the following fields
// are those for this machine's architecture.
type Image struct {
	Digest   digest.Digest // of the tag's manifest or index
	Manifest digest.Digest
	Config   digest.Digest
	Layers   []digest.Digest // as the registry holds them
	DiffIDs  []digest.Digest // uncompressed

	source  string // in skopeo's notation
	dir     string // the folder with its blobs
	top     v1.Descriptor
	foreign []digest.Digest
	how     variant
}

// Blob returns the file of a blob of the image.
func (i *Image) Blob(d digest.Digest) string {
	if path := blobPath(i.dir, d); exists(path) {
		return path
	}
	return filepath.Join(i.dir, d.Encoded())
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Set makes images on first use and keeps them in a directory.
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
		return nil, fmt.Errorf("unknown image variant %q, expected one of %s", spec.Variant, strings.Join(Variants(), ", "))
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
	if image.how.direct {
		return image, image.send(registryTarget{"http://" + registry.Addr()}, name)
	}
	args := []string{"--all", "--dest-tls-verify=false"}
	if image.how.push == nil {
		args = append(args, "--preserve-digests")
	}
	args = append(args, image.how.push...)
	if account := registry.Account(); account != nil {
		args = append(args, "--dest-creds="+account.Username+":"+account.Password)
	}
	return image, skopeoCopy(image.source, "docker://"+registry.Addr()+"/"+name, args...)
}

// Write writes the image of a Spec to a directory, from which a static web server can
// serve it as name ("repository:tag").
func (s *Set) Write(spec Spec, dir, name string) (*Image, error) {
	image, err := s.Image(spec)
	if err != nil {
		return nil, err
	}
	if image.how.convert != nil {
		return nil, fmt.Errorf("image variant %s has no layout", spec.Variant)
	}
	return image, image.send(directoryTarget{dir}, name)
}

// WriteForeign writes the image's foreign layers to a directory, under their names below
// the Spec's Foreign. It does not rewrite a file that exists: another image may have the
// same layer, and be in use.
func (i *Image) WriteForeign(dir string) error {
	for _, d := range i.foreign {
		err := os.Link(i.Blob(d), filepath.Join(dir, d.String()))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

// Save writes the image as a docker-archive under name.
func (i *Image) Save(path, name string) error {
	return skopeoCopy(i.source, "docker-archive:"+path+":"+name)
}

// build writes the layout of an image in dir and converts it.
func build(dir string, spec Spec, variant variant) (image *Image, err error) {
	if variant.tool != nil {
		image, err = variant.tool(dir, spec)
	} else {
		image, err = write(dir, spec, variant)
	}
	if err != nil {
		return nil, fmt.Errorf("image variant %s: %w", spec.Variant, err)
	}
	image.how = variant
	return image, nil
}

// write writes the layout of an image in dir and converts it.
func write(dir string, spec Spec, variant variant) (*Image, error) {
	algorithm := cmp.Or(variant.algorithm, digest.Canonical)
	layout, err := newLayout(filepath.Join(dir, "oci"), algorithm)
	if err != nil {
		return nil, err
	}
	top, err := variant.write(layout, spec)
	if err != nil {
		return nil, err
	}
	if err := layout.finish(top); err != nil {
		return nil, err
	}
	source := "oci:" + layout.dir + ":" + layoutTag
	if variant.convert == nil {
		return describe(source, layout.dir, top)
	}
	converted := filepath.Join(dir, "converted")
	if err := skopeoCopy(source, "dir:"+converted, variant.convert...); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(converted, "manifest.json"))
	if err != nil {
		return nil, err
	}
	return describe("dir:"+converted, converted, v1.Descriptor{Digest: digest.FromBytes(data)})
}

// describe reads an image's digests from the files of its blobs: those of a layout, or
// those of skopeo's dir:. There, blobs are under their hex digest, and manifests with a
// suffix or under the name manifest.json.
func describe(source, dir string, top v1.Descriptor) (*Image, error) {
	image := &Image{Digest: top.Digest, Manifest: top.Digest, source: source, dir: dir, top: top}
	var document struct {
		v1.Manifest
		Manifests []v1.Descriptor
	}
	if err := readBlob(dir, top.Digest, &document); err != nil {
		return nil, err
	}
	for len(document.Manifests) > 0 {
		next, err := nativeEntry(dir, document.Manifests)
		if err != nil {
			return nil, err
		}
		document.Manifests = nil
		image.Manifest = next.Digest
		if err := readBlob(dir, next.Digest, &document); err != nil {
			return nil, err
		}
	}
	image.Config = document.Config.Digest
	for _, layer := range document.Layers {
		image.Layers = append(image.Layers, layer.Digest)
		if layer.URLs != nil {
			image.foreign = append(image.foreign, layer.Digest)
		}
	}
	if t := document.Config.MediaType; image.Config == "" || strings.Contains(t, "vnd.") && !strings.Contains(t, ".image.") {
		return image, nil // an artifact
	}
	var config v1.Image
	if err := readBlob(dir, image.Config, &config); err != nil {
		return nil, err
	}
	image.DiffIDs = config.RootFS.DiffIDs
	if len(image.DiffIDs) != len(image.Layers) {
		return nil, fmt.Errorf("image of %d layers has %d diff IDs", len(image.Layers), len(image.DiffIDs))
	}
	return image, nil
}

// nativeEntry returns the entry for this machine's architecture: by its platform, or
// else the first index or the first image whose config has the architecture.
func nativeEntry(dir string, entries []v1.Descriptor) (v1.Descriptor, error) {
	for _, d := range entries {
		if d.Platform != nil && d.Platform.Architecture == runtime.GOARCH && !strings.Contains(d.MediaType, ".example.") {
			return d, nil
		}
	}
	for _, d := range entries {
		var document struct {
			v1.Manifest
			Manifests []v1.Descriptor
		}
		if d.Platform != nil || readBlob(dir, d.Digest, &document) != nil {
			continue
		}
		var config v1.Image
		if document.Manifests == nil {
			if err := readBlob(dir, document.Config.Digest, &config); err != nil {
				return v1.Descriptor{}, err
			}
		}
		if document.Manifests != nil || config.Architecture == runtime.GOARCH {
			return d, nil
		}
	}
	return v1.Descriptor{}, fmt.Errorf("an index has no image for %s", runtime.GOARCH)
}

// readBlob decodes the JSON file that has a digest.
func readBlob(dir string, want digest.Digest, value any) error {
	hex := want.Encoded()
	for _, path := range []string{
		blobPath(dir, want),
		filepath.Join(dir, hex), filepath.Join(dir, hex+".manifest.json"), filepath.Join(dir, "manifest.json"),
	} {
		data, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if want.Algorithm().FromBytes(data) == want {
			return json.Unmarshal(data, value)
		}
	}
	return fmt.Errorf("no blob %s in %s", want, dir)
}

// readJSON decodes a JSON file.
func readJSON(path string, value any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, value)
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

// SaveLayout writes the image to an OCI layout, under a tag.
func (i *Image) SaveLayout(dir, tag string) error {
	return skopeoCopy(i.source, "oci:"+dir+":"+tag)
}
