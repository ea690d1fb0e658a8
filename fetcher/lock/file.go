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

// File is the content of a lock file. The zero value is an empty file.
type File struct {
	Images map[string]Image // by name; see CheckName
	// Sources are the files that name some of the images, by their paths relative to the
	// folder of the lock file, with slashes.
	Sources map[string]SourceFile

	read []byte // the file as read from disk; nil if there was none
}

// Image is one image of a lock file.
type Image struct {
	// Reference names it. An update resolves the tag again. With a Digest, the image
	// is pinned and updates keep it.
	Reference reference.Reference
	// As is the name to load the image under, as returned by [CheckAs]; empty means
	// its own name.
	As string
	// Follow says which tags an update may choose, as [follow.Parse] takes it; empty
	// means that the image keeps its tag.
	Follow string
	// Sources are the paths of the files that name the image, sorted. An image without
	// them was added by hand.
	Sources []string
	// AllPlatforms reports whether the image is locked for all platforms of its index.
	AllPlatforms bool
	// SignedBy is the fingerprint of the key that vouched for the image when it was
	// locked, or empty.
	SignedBy digest.Digest
	// NoVerify reports whether the image is locked even if no key vouches for it.
	NoVerify bool
	// Index is the index that the reference names; the zero value if it names a
	// manifest.
	Index ocispec.Descriptor
	// Platforms maps Nix systems to manifests. It has one entry if there is no index.
	Platforms map[string]Platform

	// sealed is set if the file says which tag and digest the platforms belong to. Files
	// of version 3 and older do not.
	sealed bool
	// stale is set if the tag or a digest was changed without the rest. Only an update
	// accepts such an image.
	stale *stale
}

// stale says that the tag or a digest of an image was changed without the rest.
type stale struct {
	err    *FileError
	tag    string // before that
	digest digest.Digest
}

// lockedAt returns the reference and the digest that the platforms belong to.
func (i Image) lockedAt() (reference.Reference, digest.Digest) {
	ref, d := i.Reference, i.Digest()
	if i.stale != nil {
		ref.Tag, d = i.stale.tag, i.stale.digest
	}
	return ref, d
}

// seal returns the tag and the digest that the platforms belong to, or "" if the tag is a
// digest.
func (i Image) seal() string {
	if i.Reference.Tag == "" {
		return ""
	}
	ref, d := i.lockedAt()
	return ref.Tag + "@" + d.String()
}

// SourceFile is a file that names images, and what is needed to read it again.
type SourceFile struct {
	Kind string // one of Kinds
	// Overrides are further files of a compose project, with paths like that of the
	// source. Each overrides those before it.
	Overrides []string
	// PlainHTTP reports whether the registries in it speak plain http.
	PlainHTTP bool
	// AllPlatforms and Platforms are for images that are new in the file; see Wanted.
	AllPlatforms bool
	Platforms    []ocispec.Platform
}

// Kinds are the kinds of sources.
var Kinds = []string{"compose", "dockerfile", "kubernetes", "quadlet"}

// Platform is an image for one Nix system. Its descriptors have a digest, a media type
// and a size; all digests are sha256.
type Platform struct {
	// Platform is the platform of the image. It comes from the index or, without one,
	// from the config, which the build of the image checks again.
	Platform ocispec.Platform
	Manifest ocispec.Descriptor
	Config   ocispec.Descriptor
	Layers   []ocispec.Descriptor // from the bottom to the top
}

// Digest returns the digest that the reference resolved to when the image was locked:
// that of the index, or that of the manifest if there is no index.
func (i Image) Digest() digest.Digest {
	if i.Index.Digest != "" {
		return i.Index.Digest
	}
	for _, p := range i.Platforms {
		return p.Manifest.Digest
	}
	return ""
}

// Pinned reports whether updates keep the image even if its tag moves.
func (i Image) Pinned() bool { return i.Reference.Digest != "" }

// LoadedAs returns the reference under which fetchdocker loads the image. Engines do not
// load an image by digest: without a tag, the hex digits of the digest are the tag.
func (i Image) LoadedAs() string {
	ref := reference.Reference{Repository: i.Reference.Repository, Tag: i.Reference.Tag}
	if ref.Tag == "" {
		ref.Tag = i.Reference.Digest.Encoded()
	}
	return cmp.Or(i.As, ref.Familiar())
}

// Systems returns the Nix systems that the image is locked for, sorted.
func (i Image) Systems() []string { return slices.Sorted(maps.Keys(i.Platforms)) }

// Size returns the size of the image in its registry in bytes: its distinct manifests,
// configs and layers.
func (i Image) Size() int64 {
	var size int64
	for _, d := range i.blobs() {
		size += d.Size
	}
	return size
}

// blobs returns the manifests, configs and layers of the image by digest.
func (i Image) blobs() map[digest.Digest]ocispec.Descriptor {
	blobs := map[digest.Digest]ocispec.Descriptor{}
	for _, p := range i.Platforms {
		for _, d := range append([]ocispec.Descriptor{p.Manifest, p.Config}, p.Layers...) {
			blobs[d.Digest] = d
		}
	}
	return blobs
}

// Names returns the names of the images, sorted.
func (f File) Names() []string { return slices.Sorted(maps.Keys(f.Images)) }

// References returns the references of the named images, in the order of names.
func (f File) References(names []string) []reference.Reference {
	refs := make([]reference.Reference, len(names))
	for i, name := range names {
		refs[i] = f.Images[name].Reference
	}
	return refs
}

// platforms returns the platforms of all images by manifest digest.
func (f File) platforms() map[digest.Digest]Platform {
	known := map[digest.Digest]Platform{}
	for _, i := range f.Images {
		if i.stale != nil {
			continue
		}
		for _, p := range i.Platforms {
			known[p.Manifest.Digest] = p
		}
	}
	return known
}

// namePattern matches Nix identifiers, except those with an apostrophe, which a shell
// would interpret:
// https://nix.dev/manual/nix/2.34/language/identifiers
var namePattern = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_-]*$`)

// reserved lists the keywords of Nix, and the attributes that fetchdockerLock adds to the
// images.
var reserved = []string{"assert", "else", "if", "in", "inherit", "let", "or", "rec", "then", "with", "byReference", "platforms"}

// CheckName returns an error unless name is a valid attribute name in Nix.
//
// Errors: *[reference.InputError].
func CheckName(name string) error {
	switch {
	case !namePattern.MatchString(name):
		return &reference.InputError{What: "name", Value: name, Reason: "expected the name of a Nix attribute: a letter or _, then letters, digits, _ and -"}
	case slices.Contains(reserved, name):
		return &reference.InputError{What: "name", Value: name, Reason: "reserved word in Nix, cannot be an image name"}
	}
	return nil
}

// CheckAs parses a name to load an image under, NAME[:TAG], and returns it as engines
// show it.
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
