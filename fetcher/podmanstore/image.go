package podmanstore

import (
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
)

// Image is an image for a store.
type Image struct {
	Reference reference.Reference // the zero value for an image without a name
	Config    []byte
	Manifest  []byte  // the registry's
	Layers    []Layer // the lowest first, as many as the config names
}

// Layer is a layer as an EROFS file.
type Layer struct {
	File   string // path of the EROFS file
	DiffID digest.Digest
	Size   int64 // of the tar archive, in bytes
	// UIDs and GIDs are the owners of its files. The engine finds the size of an automatic
	// user namespace by them.
	UIDs, GIDs []uint32
}
