package test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"hocker/fetcher/archive"
	"hocker/test/images"
	"hocker/test/servers"
)

// loadImages are the images of the table.
type loadImages struct {
	one, two *fetchedImage // differ in the last layer
	moved    *fetchedImage // two with the name of one
	large    *fetchedImage
	others   [3]*fetchedImage // share the lower layers, and one that no other image has
}

// fetchedImage is an image that was fetched from a registry.
type fetchedImage struct {
	image          *images.Image
	name, greeting string
	size           int64  // of its blobs
	file           string // for hocker load
	archive        string // for the engines' clients
}

// fetchLoadImages fetches the images from a registry, which stops when it returns.
func fetchLoadImages(t *testing.T) *loadImages {
	registry, err := servers.StartRegistry(servers.RegistryOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer stopServer(t, registry)
	home := newWorkplace(t, "fetched")
	fetch := func(tag string, bulk int) *fetchedImage {
		t.Helper()
		f, err := fetchImage(home, registry, tag, bulk)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	all := &loadImages{one: fetch("one", 0), two: fetch("two", 0), large: fetch("large", 32)}
	for i := range all.others {
		all.others[i] = fetch(fmt.Sprintf("other%d", i), 1)
	}
	moved := *all.two
	moved.name = all.one.name
	moved.file = filepath.Join(home.dir, "moved.json")
	if err := moved.writeFile(filepath.Join(home.dir, "two")); err != nil {
		t.Fatal(err)
	}
	all.moved = &moved
	return all
}

func fetchImage(home *workplace, registry *servers.Registry, tag string, bulk int) (*fetchedImage, error) {
	f := &fetchedImage{greeting: "hello from " + tag, name: registry.Addr() + "/load/app:" + tag}
	var err error
	f.image, err = shared.images.Push(images.Spec{Variant: "oci", Greeting: f.greeting, BulkMiB: bulk}, registry, "load/app:"+tag)
	if err != nil {
		return nil, err
	}
	for _, d := range append([]digest.Digest{f.image.Config, f.image.Manifest}, f.image.Layers...) {
		info, err := os.Stat(f.image.Blob(d))
		if err != nil {
			return nil, err
		}
		f.size += info.Size()
	}
	layout := filepath.Join(home.dir, tag)
	if _, err := home.output("hocker-image", "--quiet", "--compressed", "--format=oci-layout", "--out", layout, f.name); err != nil {
		return nil, err
	}
	f.archive = layout + ".tar"
	if _, err := home.output("hocker-image", "--quiet", "--compressed", "--out", f.archive, f.name); err != nil {
		return nil, err
	}
	f.file = layout + ".json"
	return f, f.writeFile(layout)
}

// writeFile writes the image.json of the image in a layout.
func (f *fetchedImage) writeFile(layout string) error {
	blob := func(d v1.Descriptor) archive.File {
		return archive.File{Path: filepath.Join(layout, "blobs", d.Digest.Algorithm().String(), d.Digest.Encoded()), Descriptor: d}
	}
	data, err := os.ReadFile(f.image.Blob(f.image.Manifest))
	if err != nil {
		return err
	}
	var manifest v1.Manifest
	if err := json.Unmarshal(data, &manifest); err != nil {
		return err
	}
	top := blob(v1.Descriptor{MediaType: manifest.MediaType, Digest: f.image.Manifest, Size: int64(len(data))})
	c := archive.Composition{Reference: f.name, Config: blob(manifest.Config), Manifest: &top}
	for _, layer := range manifest.Layers {
		c.Layers = append(c.Layers, blob(layer))
	}
	if data, err = json.Marshal(c); err != nil {
		return err
	}
	return os.WriteFile(f.file, data, 0o644)
}
