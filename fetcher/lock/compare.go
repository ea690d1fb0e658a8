package lock

import (
	"maps"
	"reflect"
	"slices"

	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Change is what has become of an image from one file to another.
type Change struct {
	Name      string
	Reference reference.Reference
	// Old and New are what its reference led to; Old is empty for an image that
	// was added, New for one that was removed.
	Old, New digest.Digest
	// LayersNew and LayersKept count the layers that it has now, of all platforms,
	// each once. A layer is kept if the old file has it, or an image above.
	LayersNew, LayersKept int
	// Bytes are those of its new layers, configs and manifests, as the registry
	// has them: what there is to be fetched.
	Bytes int64
}

// Compare returns the images that differ, in the order of their names.
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
			c := Change{Name: name, Reference: names[name].Reference, Old: was.Digest(), New: is.Digest()}
			c.count(is, seen)
			changes = append(changes, c)
		}
	}
	return changes
}

// count counts what was not seen before, and has it seen from now on.
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

// layers are the layers of all platforms, by digest.
func (i Image) layers() map[digest.Digest]ocispec.Descriptor {
	layers := map[digest.Digest]ocispec.Descriptor{}
	for _, p := range i.Platforms {
		for _, d := range p.Layers {
			layers[d.Digest] = d
		}
	}
	return layers
}
