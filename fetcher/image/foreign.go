package image

import (
	"fmt"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// ForeignError is a layer that its registry does not hold by design, because
// only its owner may hand it out.
type ForeignError struct {
	Digest digest.Digest
	URLs   []string
}

func (e *ForeignError) Error() string {
	return fmt.Sprintf("layer %s is foreign: not the registry has it, but %s", e.Digest, strings.Join(e.URLs, ", "))
}

// IsForeign reports whether a layer is to be had from the URLs in its
// descriptor alone.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#non-distributable-layers
func IsForeign(d ocispec.Descriptor) bool {
	return len(d.URLs) > 0 && (strings.Contains(d.MediaType, ".nondistributable.") || strings.Contains(d.MediaType, ".foreign."))
}
