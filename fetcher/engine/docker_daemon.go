package engine

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// daemon is a Docker daemon's description of itself.
type daemon struct {
	store            imageStore
	os, architecture string // as in an image's config
}

// machines maps the kernel's names of architectures to Go's:
// https://github.com/containerd/platforms/blob/v1.0.0/database.go.
var machines = map[string]string{
	"x86_64": "amd64", "i386": "386", "i686": "386",
	"aarch64": "arm64", "armv6l": "arm", "armv7l": "arm", "armv8l": "arm",
	"loongarch64": "loong64",
}

// info returns the daemon's description of itself.
func (c *client) info(ctx context.Context) (*daemon, error) {
	var info struct {
		DriverStatus         [][]string
		OSType, Architecture string
	}
	err := c.call(ctx, http.MethodGet, "/info", nil, func(body io.Reader) error {
		if err := readAnswer(body, &info); err != nil {
			return fmt.Errorf("%s: response to GET /info: %w", c.host, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	d := &daemon{os: info.OSType, architecture: info.Architecture}
	if name, ok := machines[info.Architecture]; ok {
		d.architecture = name
	}
	if slices.ContainsFunc(info.DriverStatus, func(entry []string) bool {
		return slices.Equal(entry, []string{"driver-type", "io.containerd.snapshotter.v1"})
	}) {
		d.store = containerdStore
	}
	return d, nil
}

// foreign returns the daemon's platform if it cannot run images for p without
// emulation, or "".
func (d *daemon) foreign(p ocispec.Platform) string {
	return foreignPlatform(ocispec.Platform{OS: d.os, Architecture: d.architecture}, p)
}
