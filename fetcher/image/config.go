package image

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"

	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Config is what hocker needs to know of an image's config.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md
type Config struct {
	ocispec.Platform
	DiffIDs []digest.Digest // of the layers' uncompressed tar archives, the lowest first
}

// MaxConfigSize bounds what is read as an image's config, in bytes: engines
// refuse larger ones.
const MaxConfigSize = 8 << 20

// ParseConfig reads the config of an image, and refuses JSON that is none.
func ParseConfig(data []byte) (Config, error) {
	var c struct {
		ocispec.Platform
		RootFS *struct {
			Type    string          `json:"type"`
			DiffIDs []digest.Digest `json:"diff_ids"`
		} `json:"rootfs"`
	}
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		return Config{}, fmt.Errorf("it is no image config: no JSON object")
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return Config{}, fmt.Errorf("it is no image config: %w", err)
	}
	// An empty rootfs is that of an image without layers:
	// https://github.com/moby/moby/issues/27568
	if c.RootFS == nil || c.RootFS.Type != "layers" && (c.RootFS.Type != "" || len(c.RootFS.DiffIDs) > 0) {
		return Config{}, fmt.Errorf(`it is no image config: it has no rootfs of type "layers"`)
	}
	for i, id := range c.RootFS.DiffIDs {
		if _, err := reference.ParseDigest(string(id)); err != nil {
			return Config{}, fmt.Errorf("rootfs.diff_ids[%d]: %w", i, err)
		}
	}
	return Config{Platform: c.Platform, DiffIDs: c.RootFS.DiffIDs}, nil
}

// stated returns what the config says that the image is for.
func (c Config) stated() *ocispec.Platform {
	p := c.Platform
	p.OS, p.Architecture = cmp.Or(p.OS, "unknown"), cmp.Or(p.Architecture, "unknown")
	return &p
}

// CheckLayers returns an error if an image of this config cannot have n layers.
func (c Config) CheckLayers(n int) error {
	if n != len(c.DiffIDs) {
		return fmt.Errorf("config and layers are not of one image: the config names %d layers (rootfs.diff_ids), and there are %d", len(c.DiffIDs), n)
	}
	return nil
}
