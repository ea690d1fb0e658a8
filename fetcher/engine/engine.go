package engine

import (
	"context"
	"io"

	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Engine is a container engine.
type Engine interface {
	// Plan returns what Load would do. It changes nothing.
	Plan(ctx context.Context, image Image) (Plan, error)
	// Load makes sure that the engine has the image under its name. It sends only
	// what the engine lacks, and checks afterwards that the name leads to the image.
	//
	// Errors: *[UnavailableError], *[Error], and those of image.Write and image.Open.
	Load(ctx context.Context, image Image, progress Progress) (Result, error)
	// Close ends the connection to the engine, and podman if [Find] has started it.
	Close() error
}

// Image is an image to load into an engine: its parts, and how to read them.
type Image struct {
	// Reference is the image's name, or the zero value.
	Reference reference.Reference
	// Config and Manifest are the image's documents. The digest of one of them is
	// the image's ID in an engine: of the config in podman and Docker with a
	// graph driver, of the manifest in Docker with containerd's image store.
	Config, Manifest ocispec.Descriptor
	Layers           []Layer // the lowest first
	Platform         ocispec.Platform
	// Write writes the image as an archive that is both a docker-archive and an OCI
	// layout, with or without its name. It omits the blobs for which omit returns
	// true; nil omits none.
	Write func(ctx context.Context, w io.Writer, named bool, omit func(digest.Digest) bool) error
	// Open opens the blob of the config, of the manifest or of a layer.
	Open func(ctx context.Context, blob digest.Digest) (io.ReadCloser, error)
}

// Layer is a layer, compressed or not, with the digest of its unpacked tar
// archive.
type Layer struct {
	ocispec.Descriptor
	DiffID digest.Digest
}

// named reports whether the image has a name.
func (i *Image) named() bool { return i.Reference.Tag != "" }

// name returns the image's name or, if it has none, its ID.
func (i *Image) name() string {
	if i.named() {
		return i.Reference.String()
	}
	return i.Config.Digest.String()
}

// ids returns the digests that engines may use as the image's ID.
func (i *Image) ids() []digest.Digest {
	return []digest.Digest{i.Config.Digest, i.Manifest.Digest}
}

// diffIDs returns the diff IDs of the layers.
func (i *Image) diffIDs() []digest.Digest {
	ids := make([]digest.Digest, len(i.Layers))
	for n, layer := range i.Layers {
		ids[n] = layer.DiffID
	}
	return ids
}

// blobs returns the descriptors of the image's blobs, each once.
func (i *Image) blobs() []ocispec.Descriptor {
	all := []ocispec.Descriptor{i.Manifest, i.Config}
	seen := map[digest.Digest]bool{}
	for _, layer := range i.Layers {
		if !seen[layer.Digest] {
			seen[layer.Digest] = true
			all = append(all, layer.Descriptor)
		}
	}
	return all
}

// size returns the size in bytes of the image's blobs without those that omit names.
func (i *Image) size(omit func(digest.Digest) bool) (n int64) {
	for _, blob := range i.blobs() {
		if omit == nil || !omit(blob.Digest) {
			n += blob.Size
		}
	}
	return n
}

// Outcome is what loading an image does, or did.
type Outcome int

// The outcomes.
const (
	Present Outcome = iota // the engine has the image under its name
	Tagged                 // the engine has the image and gives it the name
	Loaded                 // the engine reads at least a part of the image
)

// Plan is what loading an image does.
type Plan struct {
	Outcome Outcome
	// LayersPresent is the number of the image's layers that the engine has, of
	// Layers in all.
	LayersPresent, Layers int
	// Bytes is the size of the blobs that are sent. An archive has a few kilobytes
	// more.
	Bytes int64
	// Foreign is the platform of the engine, such as linux/amd64, if it cannot run
	// the image without emulation, else empty. It is known only if the outcome is
	// Loaded.
	Foreign string
	// Whole is the reason for sending everything although the engine has a part of
	// it, or empty.
	Whole string
}

// Result is what loading an image did.
type Result struct {
	Plan
	Sent int64 // bytes, including those of an archive that the engine refused
}

// Progress holds functions that [Engine.Load] calls. They may be nil.
type Progress struct {
	// Plan is called before anything is sent, and again if everything is sent after
	// the engine has refused a part.
	Plan func(Plan)
	// Sent is called with the number of further bytes that the engine has read.
	Sent func(n int64)
}

func (p Progress) plan(plan Plan) {
	if p.Plan != nil {
		p.Plan(plan)
	}
}

func (p Progress) sent(n int64) {
	if p.Sent != nil {
		p.Sent(n)
	}
}
