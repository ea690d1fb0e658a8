package engine

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"hocker/fetcher/internal/containerd"

	"golang.org/x/sync/errgroup"
)

// Load implements [Engine]. The image gets its name when it is complete, so a load that
// fails leaves the name unchanged. Until then, a lease protects its parts from
// containerd's garbage collector.
func (c *Containerd) Load(ctx context.Context, image Image, progress Progress) (Result, error) {
	ctx, w := c.watch(ctx, image.size(nil))
	defer w.stop()
	result, err := c.load(ctx, w, &image, progress.watched(w))
	return result, c.explain(err, result.Sent)
}

func (c *Containerd) load(ctx context.Context, w *watch, image *Image, progress Progress) (Result, error) {
	plan, err := c.plan(ctx, image)
	result := Result{Plan: plan}
	if err != nil {
		return result, err
	}
	progress.plan(plan)
	if plan.Outcome == Present {
		return result, nil
	}
	lease, err := c.client.NewLease(ctx, "hocker-"+rand.Text())
	if err != nil {
		return result, err
	}
	defer endLease(ctx, lease)
	l := &containerdLoad{Containerd: c, lease: lease, image: image, progress: progress, watch: w}
	err = l.put(ctx)
	if result.Sent = l.sent; result.Sent > 0 {
		result.Outcome = Loaded // even if the image was present before
	}
	if err != nil {
		return result, err
	}
	for _, name := range c.names(image) {
		if err := c.client.SetImage(ctx, name, image.Manifest, c.labels()); err != nil {
			return result, err
		}
	}
	return result, c.checkNames(ctx, image)
}

// endLease ends a lease even if ctx has ended. If that fails, containerd does it later.
func endLease(ctx context.Context, lease *containerd.Lease) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	_ = lease.End(ctx)
}

// put writes the image to the content store, and unpacks each layer into the
// snapshotter while the next one is sent.
func (l *containerdLoad) put(ctx context.Context) error {
	there := make(chan struct{}, len(l.image.Layers)) // one for each layer, in order
	group, both := errgroup.WithContext(ctx)
	group.Go(func() error {
		for _, layer := range l.image.Layers {
			if err := l.putBlob(both, layer.Descriptor); err != nil {
				return err
			}
			there <- struct{}{}
		}
		return nil
	})
	group.Go(func() error { return l.unpack(both, there) })
	if err := group.Wait(); err != nil {
		return err
	}
	if err := l.putBlob(ctx, l.image.Config); err != nil {
		return err
	}
	if err := l.putBlob(ctx, l.image.Manifest); err != nil {
		return err
	}
	return l.refer(ctx)
}

// refer sets the labels that lead containerd's garbage collector to the parts of an
// image:
// https://github.com/containerd/containerd/blob/v2.1.0/docs/garbage-collection.md
func (l *containerdLoad) refer(ctx context.Context) error {
	manifest := map[string]string{"containerd.io/gc.ref.content.config": l.image.Config.Digest.String()}
	for i, layer := range l.image.Layers {
		manifest[fmt.Sprintf("containerd.io/gc.ref.content.l.%d", i)] = layer.Digest.String()
	}
	if err := l.lease.LabelContent(ctx, l.image.Manifest.Digest, manifest); err != nil {
		return err
	}
	chain := chainIDs(l.image.Layers)
	if len(chain) == 0 {
		return nil
	}
	top := map[string]string{l.snapshotter.GCLabel(): chain[len(chain)-1].String()}
	return l.lease.LabelContent(ctx, l.image.Config.Digest, top)
}

// checkNames checks that the image's names lead to it.
func (c *Containerd) checkNames(ctx context.Context, image *Image) error {
	for _, name := range c.names(image) {
		found, err := c.client.Image(ctx, name)
		switch {
		case err != nil:
			return err
		case found.Target == "":
			return fmt.Errorf("%s accepted the image but does not list it: %s", c.host, name)
		case found.Target != image.Manifest.Digest:
			return fmt.Errorf("%s accepted the image but lists another one under its name: %s is %s, not %s", c.host, name, found.Target, image.Manifest.Digest)
		}
	}
	return nil
}
