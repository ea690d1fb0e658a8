package containerd

import (
	"context"

	"hocker/fetcher/internal/protobuf"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Host is containerd's description of its host.
type Host struct {
	Snapshotters []Snapshotter    // the working ones
	Platform     ocispec.Platform // empty if unknown
}

// Host asks containerd for its snapshotters, which state a platform.
func (c *Client) Host(ctx context.Context) (Host, error) {
	var request protobuf.Message
	request.String(1, "type==io.containerd.snapshotter.v1")
	answer, err := c.call(ctx, "/containerd.services.introspection.v1.Introspection/Plugins", request)
	if err != nil {
		return Host{}, err
	}
	var host Host
	for _, plugin := range answer.Repeated(1) {
		fields, err := protobuf.Parse(plugin)
		if err != nil {
			return Host{}, err
		}
		if len(fields.Repeated(7)) > 0 { // it failed to start
			continue
		}
		host.Snapshotters = append(host.Snapshotters, Snapshotter(fields.String(2)))
		platform, err := fields.Message(4) // the last one
		if err != nil {
			return Host{}, err
		}
		if len(platform) > 0 {
			host.Platform = ocispec.Platform{OS: platform.String(1), Architecture: platform.String(2), Variant: platform.String(3)}
		}
	}
	return host, nil
}
