package image

import (
	"fmt"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// ParseProcess parses the part of an image's config that says how a container starts: its
// program, user, environment and so on.
//
// Errors: *[AmbiguousError], *[ValuesError].
func ParseProcess(data []byte) (ocispec.ImageConfig, error) {
	var c struct {
		Config ocispec.ImageConfig `json:"config"`
	}
	err := Unmarshal("config", data, &c)
	switch {
	case isRefused(err):
		return ocispec.ImageConfig{}, err
	case err != nil:
		return ocispec.ImageConfig{}, fmt.Errorf("it is not an image config: %w", err)
	}
	return c.Config, nil
}
