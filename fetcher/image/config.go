package image

import (
	"bytes"
	"cmp"
	"fmt"

	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Config is the part of an image's config that hocker needs.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md
type Config struct {
	ocispec.Platform
	DiffIDs []digest.Digest // of the layers' uncompressed tar archives, the lowest first
}

// MaxManifestSize is the largest manifest or index that is read, in bytes. The
// distribution specification asks registries to accept at least as much.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests
const MaxManifestSize = 4 << 20

// MaxConfigSize is the largest config that is read, in bytes. Engines refuse
// larger ones.
const MaxConfigSize = 8 << 20

// ParseConfig parses the config of an image, and returns an error for other
// JSON.
//
// Errors: *[AmbiguousError], *[ValuesError].
func ParseConfig(data []byte) (Config, error) {
	var c struct {
		ocispec.Platform
		RootFS *struct {
			Type    string          `json:"type"`
			DiffIDs []digest.Digest `json:"diff_ids"`
		} `json:"rootfs"`
	}
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		return Config{}, fmt.Errorf("it is not an image config: expected a JSON object")
	}
	err := Unmarshal("config", data, &c)
	switch {
	case isRefused(err):
		return Config{}, err
	case err != nil:
		return Config{}, fmt.Errorf("it is not an image config: %w", err)
	}
	// An image without layers may have an empty rootfs:
	// https://github.com/moby/moby/issues/27568
	if c.RootFS == nil || c.RootFS.Type != "layers" && (c.RootFS.Type != "" || len(c.RootFS.DiffIDs) > 0) {
		return Config{}, fmt.Errorf(`it is not an image config: it has no rootfs of type "layers"`)
	}
	for i, id := range c.RootFS.DiffIDs {
		if _, err := reference.ParseDigest(string(id)); err != nil {
			return Config{}, fmt.Errorf("rootfs.diff_ids[%d]: %w", i, err)
		}
	}
	return Config{Platform: c.Platform, DiffIDs: c.RootFS.DiffIDs}, nil
}

// stated returns the platform that the config states, with "unknown" for what
// it omits.
func (c Config) stated() *ocispec.Platform {
	p := c.Platform
	p.OS, p.Architecture = cmp.Or(p.OS, "unknown"), cmp.Or(p.Architecture, "unknown")
	return &p
}

// CheckLayers returns an error unless an image of this config has n layers.
func (c Config) CheckLayers(n int) error {
	if n != len(c.DiffIDs) {
		return fmt.Errorf("config and layers do not belong together: the config names %d layers (rootfs.diff_ids), but there are %d", len(c.DiffIDs), n)
	}
	return nil
}
