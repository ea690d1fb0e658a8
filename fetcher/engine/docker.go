package engine

import "context"

// Docker is a Docker daemon.
type Docker struct{ client *client }

// Plan implements [Engine].
func (d *Docker) Plan(ctx context.Context, image Image) (Plan, error) {
	plan, _, err := d.client.planWhole(ctx, &image)
	return plan, err
}

// Load implements [Engine].
func (d *Docker) Load(ctx context.Context, image Image, progress Progress) (Result, error) {
	return d.client.loadWhole(ctx, &image, progress)
}
