package image

import (
	"fmt"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// EncryptedError is returned for a layer that cannot be unpacked without its
// key.
type EncryptedError struct {
	Number int // from 0 for the lowest
	Layer  ocispec.Descriptor
}

func (e *EncryptedError) Error() string {
	return fmt.Sprintf("layer %d, %s, is encrypted (%.100s), which hocker does not support", e.Number, e.Layer.Digest, e.Layer.MediaType)
}

// RequirePlain returns an error if a layer is encrypted, as its media type
// says:
// https://github.com/containers/ocicrypt/blob/v1.2.1/spec/spec.go
//
// Errors: *[EncryptedError].
func RequirePlain(layers []ocispec.Descriptor) error {
	for i, layer := range layers {
		if strings.HasSuffix(layer.MediaType, "+encrypted") {
			return &EncryptedError{Number: i, Layer: layer}
		}
	}
	return nil
}
