package image

import (
	"fmt"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// ForeignError is returned for a foreign layer, one that the registry does not
// hold because only its owner may distribute it.
type ForeignError struct {
	Digest digest.Digest
	URLs   []string
}

func (e *ForeignError) Error() string {
	return fmt.Sprintf("layer %s is foreign: the registry does not hold it; it is available from %s", e.Digest, strings.Join(e.URLs, ", "))
}

// IsForeign reports whether a layer is available only from the URLs in its
// descriptor.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#non-distributable-layers
func IsForeign(d ocispec.Descriptor) bool {
	return len(d.URLs) > 0 && (strings.Contains(d.MediaType, ".nondistributable.") || strings.Contains(d.MediaType, ".foreign."))
}
