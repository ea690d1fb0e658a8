package engine

import (
	"context"
	"fmt"

	"hocker/fetcher/internal/grpc"

	"github.com/opencontainers/go-digest"
)

// unpack makes sure that the snapshotter has the layers of the image. Before it
// unpacks a layer, it waits for a value from there.
func (l *containerdLoad) unpack(ctx context.Context, there <-chan struct{}) error {
	chain := chainIDs(l.image.Layers)
	first, err := l.firstPacked(ctx, chain)
	if err != nil {
		return err
	}
	for i, layer := range l.image.Layers {
		select {
		case <-there:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if i < first {
			continue
		}
		parent := ""
		if i > 0 {
			parent = chain[i-1].String()
		}
		if err := l.unpackLayer(ctx, layer, parent, chain[i].String()); err != nil {
			return fmt.Errorf("layer %s: %w", layer.Digest, err)
		}
		l.watch.alive()
	}
	return nil
}

// firstPacked returns the index of the lowest layer that has no snapshot. From the top
// down, it adds a snapshot to the lease before looking for it, so that the snapshot
// cannot be removed in between.
func (l *containerdLoad) firstPacked(ctx context.Context, chain []digest.Digest) (int, error) {
	for i := len(chain); i > 0; i-- {
		name := chain[i-1].String()
		if err := l.lease.Hold(ctx, l.snapshotter, name); err != nil {
			return 0, err
		}
		has, err := l.lease.HasSnapshot(ctx, l.snapshotter, name)
		if err != nil || has {
			return i, err
		}
	}
	return 0, nil
}

// unpackLayer unpacks a layer into a snapshot. The end of the lease removes an
// incomplete snapshot.
func (l *containerdLoad) unpackLayer(ctx context.Context, layer Layer, parent, name string) error {
	key := "extract-" + l.lease.ID + " " + name
	mounts, err := l.lease.PrepareSnapshot(ctx, l.snapshotter, key, parent)
	if err != nil {
		return err
	}
	got, err := l.lease.Apply(ctx, layer.Descriptor, mounts)
	if err != nil {
		return err
	}
	if got != layer.DiffID {
		return fmt.Errorf("unpacks to %s, but the image's config says %s", got, layer.DiffID)
	}
	err = l.lease.CommitSnapshot(ctx, l.snapshotter, name, key)
	if err != nil && !grpc.Is(err, grpc.AlreadyExists) { // another load was faster
		return err
	}
	return l.lease.LabelContent(ctx, layer.Digest, map[string]string{"containerd.io/uncompressed": got.String()})
}
