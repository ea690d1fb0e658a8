package engine

import (
	"context"

	"github.com/opencontainers/go-digest"
)

// Plan implements [Engine].
func (c *Containerd) Plan(ctx context.Context, image Image) (Plan, error) {
	ctx, w := c.watch(ctx, 0)
	defer w.stop()
	plan, err := c.plan(ctx, &image)
	return plan, c.explain(err, 0)
}

func (c *Containerd) plan(ctx context.Context, image *Image) (Plan, error) {
	plan := Plan{Outcome: Loaded, Layers: len(image.Layers)}
	lacks, err := c.lacks(ctx, image)
	if err != nil {
		return plan, err
	}
	has := func(d digest.Digest) bool { return !lacks[d] }
	for _, layer := range image.Layers {
		if has(layer.Digest) {
			plan.LayersPresent++
		}
	}
	plan.Bytes = image.size(has)
	host, err := c.client.Host(ctx)
	if err != nil {
		return plan, err
	}
	plan.Foreign = foreignPlatform(host.Platform, image.Platform)
	if err := c.chooseSnapshotter(ctx, host); err != nil {
		return plan, err
	}
	unpacked, err := c.isUnpacked(ctx, image)
	if err != nil || !unpacked || lacks[image.Manifest.Digest] || lacks[image.Config.Digest] {
		return plan, err
	}
	named, err := c.isNamed(ctx, image)
	switch {
	case err != nil:
		return plan, err
	case named:
		// Kubernetes may be configured to remove layers that are unpacked
		// (discard_unpacked_layers). A container starts without them.
		plan = Plan{Outcome: Present, Layers: plan.Layers, LayersPresent: plan.Layers}
	case len(lacks) == 0:
		plan = Plan{Outcome: Tagged, Layers: plan.Layers, LayersPresent: plan.Layers}
	}
	return plan, nil
}

// lacks returns the blobs of the image that are not in the content store.
func (c *Containerd) lacks(ctx context.Context, image *Image) (map[digest.Digest]bool, error) {
	lacks := map[digest.Digest]bool{}
	for _, blob := range image.blobs() {
		has, err := c.client.HasContent(ctx, blob.Digest)
		if err != nil {
			return nil, err
		}
		if !has {
			lacks[blob.Digest] = true
		}
	}
	return lacks, nil
}

// isUnpacked reports whether the snapshotter has all layers of the image.
func (c *Containerd) isUnpacked(ctx context.Context, image *Image) (bool, error) {
	chain := chainIDs(image.Layers)
	if len(chain) == 0 {
		return true, nil
	}
	return c.client.HasSnapshot(ctx, c.snapshotter, chain[len(chain)-1].String())
}

// chainIDs returns the chain IDs of layers, which name their snapshots:
// https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md#layer-chainid
func chainIDs(layers []Layer) []digest.Digest {
	chain := make([]digest.Digest, len(layers))
	for i, layer := range layers {
		chain[i] = layer.DiffID
		if i > 0 {
			chain[i] = digest.FromString(chain[i-1].String() + " " + layer.DiffID.String())
		}
	}
	return chain
}

// names returns the names of the image: its full reference last or, if it has none, its
// ID. In CRI, an image also has its ID and its digest as names, before the reference.
func (c *Containerd) names(image *Image) []string {
	names := []string{image.name()}
	if c.namespace == kubernetesNamespace && image.named() {
		digested := image.Reference.Repository.String() + "@" + image.Manifest.Digest.String()
		names = append([]string{image.Config.Digest.String(), digested}, names...)
	}
	return names
}

// labels returns the labels of an image. The label of CRI makes it visible to
// kubelet:
// https://github.com/containerd/containerd/blob/v2.1.0/internal/cri/labels/labels.go
func (c *Containerd) labels() map[string]string {
	if c.namespace == kubernetesNamespace {
		return map[string]string{"io.cri-containerd.image": "managed"}
	}
	return nil
}

// isNamed reports whether all names of the image lead to it and have their labels.
func (c *Containerd) isNamed(ctx context.Context, image *Image) (bool, error) {
	for _, name := range c.names(image) {
		found, err := c.client.Image(ctx, name)
		if err != nil || found.Target != image.Manifest.Digest {
			return false, err
		}
		for key, value := range c.labels() {
			if found.Labels[key] != value {
				return false, nil
			}
		}
	}
	return true, nil
}
