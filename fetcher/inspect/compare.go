package inspect

import (
	"maps"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
)

// Difference is how an image differs from an older one.
type Difference struct {
	Old Side `json:"old"`
	New Side `json:"new"`
	// Same reports whether the images have the same config and the same layers.
	Same bool `json:"same"`
	// Bytes is what who has the old image must fetch for the new one: layers, config and
	// manifest.
	Bytes   int64         `json:"bytes"`
	Layers  []LayerChange `json:"layers"`
	Changes []Change      `json:"changes"`
}

// Side names one of two images.
type Side struct {
	Reference string        `json:"reference"`
	Index     digest.Digest `json:"index"`
	Manifest  digest.Digest `json:"manifest"`
	Config    digest.Digest `json:"config"`
	Platform  string        `json:"platform"`
	Size      int64         `json:"size"` // of the layers
}

// The states of a layer.
const (
	Shared   = "shared"   // both images have it
	Repacked = "repacked" // both have its content, but compressed in another way
	Added    = "new"      // only the new image has it
	Gone     = "gone"     // only the old image has it
)

// LayerChange is a layer of one of two images.
type LayerChange struct {
	State   string        `json:"state"`
	Digest  digest.Digest `json:"digest"`
	DiffID  digest.Digest `json:"diffID"`
	Size    int64         `json:"size"`
	Command string        `json:"command"`
}

// Change is a difference between two configs, or between the annotations. A value that an
// image lacks is an empty list, and one that is not a list has one element.
type Change struct {
	Field string   `json:"field"` // as in Image
	Name  string   `json:"name"`  // of the variable, label or annotation; or empty
	Old   []string `json:"old"`
	New   []string `json:"new"`
}

// Compare compares two images.
func Compare(before, after *Image) *Difference {
	d := &Difference{Old: side(before), New: side(after), Changes: compareFields(before, after)}
	d.Layers, d.Bytes = compareLayers(before.Layers, after.Layers)
	if after.Config != before.Config {
		d.Bytes += after.ConfigSize
	}
	if after.Manifest != before.Manifest {
		d.Bytes += after.ManifestSize
	}
	d.Same = after.Config == before.Config && slices.EqualFunc(before.Layers, after.Layers, func(a, b Layer) bool { return a.Digest == b.Digest })
	return d
}

func side(i *Image) Side {
	return Side{i.Reference, i.Index, i.Manifest, i.Config, i.Platform, i.Size}
}

// compareLayers returns the layers of the new image, then those that are gone; and the size
// of what the old image does not have.
func compareLayers(before, after []Layer) (changes []LayerChange, bytes int64) {
	old, now := newLayerSet(before), newLayerSet(after)
	changes = []LayerChange{}
	seen := map[digest.Digest]bool{}
	for _, l := range after {
		state := old.state(l, Added)
		if state != Shared && !seen[l.Digest] {
			bytes += l.Size
		}
		seen[l.Digest] = true
		changes = append(changes, LayerChange{state, l.Digest, l.DiffID, l.Size, l.Command})
	}
	for _, l := range before {
		if state := now.state(l, Gone); state == Gone {
			changes = append(changes, LayerChange{state, l.Digest, l.DiffID, l.Size, l.Command})
		}
	}
	return changes, bytes
}

// layerSet holds the digests and diff IDs of layers.
type layerSet struct{ digests, diffIDs map[digest.Digest]bool }

func newLayerSet(layers []Layer) layerSet {
	s := layerSet{map[digest.Digest]bool{}, map[digest.Digest]bool{}}
	for _, l := range layers {
		s.digests[l.Digest], s.diffIDs[l.DiffID] = true, true
	}
	return s
}

// state returns the state of a layer of the other image, which is absent if it is not in
// the set.
func (s layerSet) state(l Layer, absent string) string {
	switch {
	case s.digests[l.Digest]:
		return Shared
	case s.diffIDs[l.DiffID]:
		return Repacked
	}
	return absent
}

// compareFields compares what the configs say of how the image is run, and annotations.
func compareFields(before, after *Image) []Change {
	changes := changes{}
	now := after.Fields()
	for n, old := range before.Fields() {
		changes.add(old.Name, "", old.Values, now[n].Values)
	}
	changes.addByName("environment", variables(before.Environment), variables(after.Environment))
	changes.addByName("labels", before.Labels, after.Labels)
	changes.addByName("annotations", annotations(before, after), annotations(after, before))
	return changes
}

// annotations returns those of an image that the other one could have too: an archive has
// no manifest, and an image that is named by its digest has no index.
func annotations(of, other *Image) map[string]string {
	switch {
	case other.Manifest == "":
		return nil
	case other.Index == "":
		return of.manifestAnnotations
	}
	return of.Annotations
}

type changes []Change

func (c *changes) add(field, name string, old, now []string) {
	if !slices.Equal(old, now) {
		*c = append(*c, Change{field, name, list(old), list(now)})
	}
}

func (c *changes) addByName(field string, old, now map[string]string) {
	all := map[string]string{}
	maps.Copy(all, old)
	maps.Copy(all, now)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		c.add(field, name, named(old, name), named(now, name))
	}
}

// named returns the list for a value in a map.
func named(values map[string]string, name string) []string {
	value, ok := values[name]
	if !ok {
		return nil
	}
	return []string{value}
}

// variables returns an environment by name. Of two values, the last one counts.
func variables(environment []string) map[string]string {
	values := map[string]string{}
	for _, variable := range environment {
		name, value, _ := strings.Cut(variable, "=")
		values[name] = value
	}
	return values
}
