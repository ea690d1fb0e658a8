package engine

import (
	"context"
	"errors"
	"runtime"

	"github.com/opencontainers/go-digest"
)

// Plan implements [Engine].
func (p *Podman) Plan(ctx context.Context, image Image) (Plan, error) {
	plan, _, err := p.plan(ctx, &image)
	return plan, err
}

// plan finds out which parts of the image podman has. It returns the image's ID if
// only its name is missing.
func (p *Podman) plan(ctx context.Context, image *Image) (Plan, digest.Digest, error) {
	outcome, id, err := p.client.find(ctx, image)
	plan := Plan{Outcome: outcome, Layers: len(image.Layers)}
	switch {
	case err != nil:
		return plan, "", err
	case outcome != Loaded:
		plan.LayersPresent = plan.Layers
		return plan, id, nil
	}
	if p.daemon == nil {
		if p.daemon, err = p.describe(ctx); err != nil {
			return plan, "", err
		}
	}
	plan.Foreign = p.daemon.foreign(image.Platform)
	if !p.local {
		plan.Bytes = image.size(nil)
		return plan, "", nil
	}
	if p.layers, err = p.client.imageLayers(ctx, podmanStore, p.layers); err != nil {
		return plan, "", err
	}
	present, omit := podmanStore.present(image.Layers, p.layers)
	plan.LayersPresent, plan.Bytes = present, image.size(omit)
	return plan, "", nil
}

// describe returns podman's platform. One of this machine is not asked: it would ask the
// package manager for the versions of its parts, which takes longer than to load a layer.
func (p *Podman) describe(ctx context.Context) (*daemon, error) {
	if p.local {
		return &daemon{os: runtime.GOOS, architecture: runtime.GOARCH}, nil
	}
	return p.client.info(ctx)
}

// Load implements [Engine].
func (p *Podman) Load(ctx context.Context, image Image, progress Progress) (Result, error) {
	plan, id, err := p.plan(ctx, &image)
	result := Result{Plan: plan}
	if err != nil {
		return result, err
	}
	progress.plan(plan)
	if plan.Outcome == Loaded {
		err = p.send(ctx, &image, progress, &result)
		id = image.Config.Digest
	}
	if err == nil {
		err = p.name(ctx, id, &image)
	}
	if err == nil && plan.Outcome != Present {
		err = p.client.check(ctx, &image)
	}
	return result, err
}

// send makes podman pull the image. If podman cannot, it sends the whole
// archive.
func (p *Podman) send(ctx context.Context, image *Image, progress Progress, result *Result) error {
	if p.local {
		pulled, err := p.pull(ctx, image, progress)
		result.Sent = pulled.bytes
		if err == nil {
			result.LayersPresent = len(image.Layers) - pulled.layers
			return nil
		}
		if pulled.blobs || ctx.Err() != nil || errors.As(err, new(*SilentError)) {
			return err
		}
		// Podman's policy rejects the pull, or podman is in another network
		// namespace.
		result.LayersPresent, result.Bytes, result.Whole = 0, image.size(nil), refusal(err)
		progress.plan(result.Plan)
	}
	sent, err := p.client.load(ctx, image, false, nil, progress)
	result.Sent += sent
	return err
}

// refusal returns the reason why podman did not pull an image.
func refusal(err error) string {
	var answer *Error
	if errors.As(err, &answer) {
		return answer.Message
	}
	return err.Error()
}
