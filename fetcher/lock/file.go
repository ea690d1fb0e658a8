package lock

import (
	"cmp"
	"maps"
	"regexp"
	"slices"

	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// File is a lock file as data. The zero value is an empty one.
type File struct {
	Images map[string]Image // by name, as CheckName takes it

	read []byte // as it was found on the disk; nil if there was none
}

// Image is one image of a lock file.
type Image struct {
	// Reference names it. The tag is looked at again by an update; with a Digest
	// the image is pinned, and stays.
	Reference reference.Reference
	// As is the name under which the image is loaded, as [CheckAs] gives it; empty
	// for its own.
	As string
	// AllPlatforms says that the image is locked for whatever its index has.
	AllPlatforms bool
	// Index is what the reference leads to; the zero value if that is a manifest.
	Index ocispec.Descriptor
	// Platforms are the image's manifests by Nix system: one if there is no index.
	Platforms map[string]Platform
}

// Platform is an image for the machines of one Nix system. Of the descriptors,
// digest, media type and size are kept; all digests are sha256.
type Platform struct {
	// Platform is what the image is for. An index vouches for it; of a plain manifest
	// only the config tells, which the build of the image compares with it once more.
	Platform ocispec.Platform
	Manifest ocispec.Descriptor
	Config   ocispec.Descriptor
	Layers   []ocispec.Descriptor // from the lowest to the topmost
}

// Digest returns what the reference led to when the image was locked: the
// digest of the index, or of the manifest where there is no index.
func (i Image) Digest() digest.Digest {
	if i.Index.Digest != "" {
		return i.Index.Digest
	}
	for _, p := range i.Platforms {
		return p.Manifest.Digest
	}
	return ""
}

// Pinned reports whether the image stays what it is, whatever its tag does.
func (i Image) Pinned() bool { return i.Reference.Digest != "" }

// LoadedAs returns the reference under which fetchdocker has the image loaded. No
// engine loads an image by its digest: without a tag, the digest's digits are it.
func (i Image) LoadedAs() string {
	ref := reference.Reference{Repository: i.Reference.Repository, Tag: i.Reference.Tag}
	if ref.Tag == "" {
		ref.Tag = i.Reference.Digest.Encoded()
	}
	return cmp.Or(i.As, ref.Familiar())
}

// Systems returns the Nix systems that the image is locked for, in order.
func (i Image) Systems() []string { return slices.Sorted(maps.Keys(i.Platforms)) }

// Size is the number of bytes that the image has in its registry: manifests,
// configs and layers, each once.
func (i Image) Size() int64 {
	var size int64
	for _, d := range i.blobs() {
		size += d.Size
	}
	return size
}

// blobs are all that is fetched for the image, by digest.
func (i Image) blobs() map[digest.Digest]ocispec.Descriptor {
	blobs := map[digest.Digest]ocispec.Descriptor{}
	for _, p := range i.Platforms {
		for _, d := range append([]ocispec.Descriptor{p.Manifest, p.Config}, p.Layers...) {
			blobs[d.Digest] = d
		}
	}
	return blobs
}

// Names returns the names of the images, in order.
func (f File) Names() []string { return slices.Sorted(maps.Keys(f.Images)) }

// References returns what names the images of these names, in their order.
func (f File) References(names []string) []reference.Reference {
	refs := make([]reference.Reference, len(names))
	for i, name := range names {
		refs[i] = f.Images[name].Reference
	}
	return refs
}

// platforms are those of all images by the digest of their manifest.
func (f File) platforms() map[digest.Digest]Platform {
	known := map[digest.Digest]Platform{}
	for _, i := range f.Images {
		for _, p := range i.Platforms {
			known[p.Manifest.Digest] = p
		}
	}
	return known
}

// namePattern is an identifier of Nix without the apostrophe, which nobody
// wants in a shell:
// https://nix.dev/manual/nix/2.34/language/identifiers
var namePattern = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_-]*$`)

// reserved are the words that Nix does not take for an attribute's name, and
// the attribute that fetchdockerLock has besides the images.
var reserved = []string{"assert", "else", "if", "in", "inherit", "let", "or", "rec", "then", "with", "platforms"}

// CheckName returns an error unless name can be written in Nix after a dot.
func CheckName(name string) error {
	switch {
	case !namePattern.MatchString(name):
		return &reference.InputError{What: "name", Value: name, Reason: "expected the name of a Nix attribute: a letter or _, then letters, digits, _ and -"}
	case slices.Contains(reserved, name):
		return &reference.InputError{What: "name", Value: name, Reason: "it is a word of its own there, and cannot be an image's name"}
	}
	return nil
}

// CheckAs reads a name under which an image is to be loaded, NAME[:TAG], and
// returns it as engines show it.
//
// Errors: *[reference.InputError].
func CheckAs(name string) (string, error) {
	ref, err := reference.Parse(name)
	if err != nil {
		return "", err
	}
	if ref.Digest != "" {
		return "", &reference.InputError{What: "name", Value: name, Reason: "an image is loaded under a name and a tag, not under a digest"}
	}
	return ref.Familiar(), nil
}
