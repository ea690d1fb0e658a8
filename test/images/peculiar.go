package images

import (
	"encoding/json"
	"runtime"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// object is a manifest or a config that is edited as JSON.
type object map[string]any

// toObject converts a value to its JSON object.
func toObject(value any) (object, error) {
	data, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var o object
	return o, json.Unmarshal(data, &o)
}

// configType is an edit that gives the config another media type, or none.
func configType(mediaType string) func(manifest, config object) {
	return func(manifest, _ object) {
		descriptor := manifest["config"].(map[string]any)
		if descriptor["mediaType"] = mediaType; mediaType == "" {
			delete(descriptor, "mediaType")
		}
	}
}

// config stores an edited config.
func (t style) config(l *layout, config v1.Image) (v1.Descriptor, error) {
	if t.edit == nil {
		return l.json(v1.MediaTypeImageConfig, config)
	}
	edited, err := toObject(config)
	if err != nil {
		return v1.Descriptor{}, err
	}
	t.edit(object{"config": map[string]any{}}, edited)
	return l.json(v1.MediaTypeImageConfig, edited)
}

// manifest stores an edited manifest.
func (t style) manifest(l *layout, manifest v1.Manifest) (v1.Descriptor, error) {
	if t.edit == nil {
		return l.manifest(manifest)
	}
	manifest.SchemaVersion, manifest.MediaType = 2, v1.MediaTypeImageManifest
	if manifest.Layers == nil {
		manifest.Layers = []v1.Descriptor{}
	}
	edited, err := toObject(manifest)
	if err != nil {
		return v1.Descriptor{}, err
	}
	t.edit(edited, object{})
	return l.json(manifest.MediaType, edited)
}

// bothNamed writes the image for another machine and for this one, in this order,
// and gives the index's entries these platforms.
func bothNamed(l *layout, s Spec, other, native *v1.Platform) ([]v1.Descriptor, error) {
	both, err := gzippedImage.both(l, s)
	if err != nil {
		return nil, err
	}
	both[0].Platform, both[1].Platform = native, other
	return []v1.Descriptor{both[1], both[0]}, nil
}

func linux(architecture string) *v1.Platform {
	return &v1.Platform{OS: "linux", Architecture: architecture}
}

// unnamedIndex writes an index without platforms: only the configs have them.
func unnamedIndex(l *layout, s Spec) (v1.Descriptor, error) {
	entries, err := bothNamed(l, s, nil, nil)
	if err != nil {
		return v1.Descriptor{}, err
	}
	return l.index(entries...)
}

// halfNamedIndex writes an index that names the other platform but not this
// machine's.
func halfNamedIndex(l *layout, s Spec) (v1.Descriptor, error) {
	entries, err := bothNamed(l, s, linux(otherArchitecture()), nil)
	if err != nil {
		return v1.Descriptor{}, err
	}
	return l.index(entries...)
}

// outerNamedIndex writes an index of two indexes. Only the outer one names
// platforms.
func outerNamedIndex(l *layout, s Spec) (v1.Descriptor, error) {
	entries, err := bothNamed(l, s, nil, nil)
	if err != nil {
		return v1.Descriptor{}, err
	}
	for i, architecture := range []string{otherArchitecture(), runtime.GOARCH} {
		if entries[i], err = l.index(entries[i]); err != nil {
			return v1.Descriptor{}, err
		}
		entries[i].Platform = linux(architecture)
	}
	return l.index(entries...)
}

// otherEntryIndex writes an index whose first entry for this machine is not an image.
func otherEntryIndex(l *layout, s Spec) (v1.Descriptor, error) {
	both, err := gzippedImage.both(l, s)
	if err != nil {
		return v1.Descriptor{}, err
	}
	other, err := l.json("application/vnd.example.other+json", object{"schemaVersion": 2, "mediaType": "application/vnd.example.other+json"})
	if err != nil {
		return v1.Descriptor{}, err
	}
	other.Platform = both[0].Platform
	return l.index(other, both[1], both[0])
}

// sparseIndex writes an index without the images for other machines, as in a mirror that
// copies on demand.
func sparseIndex(l *layout, s Spec) (v1.Descriptor, error) {
	native, err := gzippedImage.native(l, s)
	if err != nil {
		return v1.Descriptor{}, err
	}
	inner, err := l.index(native)
	if err != nil {
		return v1.Descriptor{}, err
	}
	image := v1.Descriptor{MediaType: v1.MediaTypeImageManifest, Digest: digest.FromString("an image that is not there"), Size: 1000, Platform: linux(otherArchitecture())}
	index := v1.Descriptor{MediaType: v1.MediaTypeImageIndex, Digest: digest.FromString("an index that is not there"), Size: 1000}
	return l.index(image, index, inner)
}

// lyingIndex writes an index with an image for this machine, whose config names
// another platform.
func lyingIndex(l *layout, s Spec) (v1.Descriptor, error) {
	d, err := gzippedImage.image(l, s, otherArchitecture())
	if err != nil {
		return v1.Descriptor{}, err
	}
	d.Platform = linux(runtime.GOARCH)
	return l.index(d)
}
