package lock

import (
	"maps"
	"reflect"
	"slices"

	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Change is the difference of an image between two files.
type Change struct {
	Name string
	// Reference is that of the new file, or of the old one if the image was removed. Was
	// is that of the old file.
	Reference, Was reference.Reference
	Followed       bool  // its tag was chosen
	Source         Place // that names the image, or zero
	// Old and New are the digests that its reference resolved to. Old is empty for an
	// added image, New for a removed one.
	Old, New digest.Digest
	// LayersNew and LayersKept count its distinct layers of all platforms. A layer is
	// kept if the old file or an earlier change has it.
	LayersNew, LayersKept int
	// Bytes is the size of its new layers, configs and manifests in the registry: the
	// amount to download.
	Bytes int64
}

// Compare returns the images that differ, sorted by name.
func Compare(before, after File) []Change {
	seen := map[digest.Digest]bool{}
	for _, i := range before.Images {
		for d := range i.blobs() {
			seen[d] = true
		}
	}
	names := maps.Clone(before.Images)
	if names == nil {
		names = map[string]Image{}
	}
	maps.Copy(names, after.Images)
	var changes []Change
	for _, name := range slices.Sorted(maps.Keys(names)) {
		was, is := before.Images[name], after.Images[name]
		if !reflect.DeepEqual(was, is) {
			c := Change{Name: name, Reference: names[name].Reference, Followed: is.Follow != "", New: is.Digest()}
			c.Was, c.Old = was.lockedAt()
			c.count(is, seen)
			changes = append(changes, c)
		}
	}
	return changes
}

// count counts the blobs of i that are new, and adds them to seen.
func (c *Change) count(i Image, seen map[digest.Digest]bool) {
	layers := i.layers()
	for d, blob := range i.blobs() {
		_, isLayer := layers[d]
		switch {
		case !seen[d]:
			c.Bytes += blob.Size
			if isLayer {
				c.LayersNew++
			}
		case isLayer:
			c.LayersKept++
		}
		seen[d] = true
	}
}

// layers returns the layers of all platforms by digest.
func (i Image) layers() map[digest.Digest]ocispec.Descriptor {
	layers := map[digest.Digest]ocispec.Descriptor{}
	for _, p := range i.Platforms {
		for _, d := range p.Layers {
			layers[d.Digest] = d
		}
	}
	return layers
}
