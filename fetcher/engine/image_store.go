package engine

import (
	"slices"

	"github.com/opencontainers/go-digest"
)

// imageStore is where a Docker daemon or podman keeps its images.
type imageStore int

const (
	// graphStore is a graph driver, such as overlay2. It identifies a layer by its
	// diff ID and those of all layers below, and looks for it before it reads the
	// file in the archive. A missing file is an error.
	graphStore imageStore = iota
	// containerdStore keeps compressed blobs. Diff IDs do not tell whether it has a
	// blob, since a layer can be compressed in several ways. If it lacks one, it may
	// still accept the image.
	containerdStore
	// podmanStore identifies a layer by its diff ID, whatever the layers below. It
	// requests only blobs that it lacks.
	podmanStore
)

// present returns how many of the layers a store has, and which blobs need not be sent.
// images are the diff IDs of the store's images. In a containerdStore, the result is
// probable, not certain.
func (s imageStore) present(layers []Layer, images map[digest.Digest][]digest.Digest) (n int, omit func(digest.Digest) bool) {
	needed := map[digest.Digest]bool{} // blobs that must be sent
	if s == graphStore {
		for _, image := range images {
			n = max(n, commonPrefix(layers, image))
		}
		for _, layer := range layers[n:] {
			needed[layer.Digest] = true
		}
	} else {
		has := map[digest.Digest]bool{}
		for _, image := range images {
			for _, id := range image {
				has[id] = true
			}
		}
		for _, layer := range layers {
			if has[layer.DiffID] {
				n++
			} else {
				needed[layer.Digest] = true
			}
		}
	}
	return n, func(blob digest.Digest) bool {
		return !needed[blob] && slices.ContainsFunc(layers, func(l Layer) bool { return l.Digest == blob })
	}
}

// commonPrefix returns how many of the lowest layers an image has.
func commonPrefix(layers []Layer, image []digest.Digest) int {
	n := 0
	for n < len(layers) && n < len(image) && layers[n].DiffID == image[n] {
		n++
	}
	return n
}
