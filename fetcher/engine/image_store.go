package engine

import (
	"slices"

	"github.com/opencontainers/go-digest"
)

// imageStore is where a Docker daemon or podman keeps its images.
type imageStore int

const (
	// graphStore is a graph driver, such as overlay2. It knows a layer by its diff ID
	// and those of all layers below it, and looks for it before it reads the file in
	// the archive. It says so if there is no file.
	graphStore imageStore = iota
	// containerdStore keeps the blobs as they are packed. Diff IDs do not tell whether
	// it has a blob, since a layer can be packed in several ways. If it lacks one, it may
	// accept the image all the same.
	containerdStore
	// podmanStore knows a layer by its diff ID, whatever is below it. It asks only for
	// blobs that it lacks.
	podmanStore
)

// present returns how many of the layers a store has whose images have these diff IDs, and
// which blobs need not be sent. In a containerdStore this is probable, not certain.
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

// commonPrefix returns the number of the lowest layers that are those of an image.
func commonPrefix(layers []Layer, image []digest.Digest) int {
	n := 0
	for n < len(layers) && n < len(image) && layers[n].DiffID == image[n] {
		n++
	}
	return n
}
