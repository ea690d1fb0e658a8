package engine

import "context"

// Podman is podman behind its API. It does not read archives that omit a layer, so all of
// an image is sent.
type Podman struct{ client *client }

// Plan implements [Engine].
func (p *Podman) Plan(ctx context.Context, image Image) (Plan, error) {
	plan, _, err := p.client.planWhole(ctx, &image)
	return plan, err
}

// Load implements [Engine].
func (p *Podman) Load(ctx context.Context, image Image, progress Progress) (Result, error) {
	return p.client.loadWhole(ctx, &image, progress)
}
