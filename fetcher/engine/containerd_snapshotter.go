package engine

import (
	"context"
	"fmt"
	"slices"

	"hocker/fetcher/internal/containerd"
)

// chooseSnapshotter sets the snapshotter that containers in the namespace use: the one
// that CONTAINERD_SNAPSHOTTER or the namespace's label names; else the one that already
// has images of the namespace, since Kubernetes may be configured for another one; else
// containerd's default.
func (c *Containerd) chooseSnapshotter(ctx context.Context, host containerd.Host) (err error) {
	if c.snapshotter == "" {
		c.snapshotter, err = c.client.NamespaceSnapshotter(ctx, c.namespace)
	}
	if err == nil && c.snapshotter == "" {
		c.snapshotter, err = c.usedSnapshotter(ctx, host.Snapshotters)
	}
	return err
}

// usedSnapshotter chooses one of the working snapshotters.
func (c *Containerd) usedSnapshotter(ctx context.Context, working []containerd.Snapshotter) (containerd.Snapshotter, error) {
	const native containerd.Snapshotter = "native" // works on every file system
	preferred := append([]containerd.Snapshotter{containerd.DefaultSnapshotter, native}, working...)
	preferred = slices.DeleteFunc(preferred, func(s containerd.Snapshotter) bool { return !slices.Contains(working, s) })
	for _, s := range preferred {
		used, err := c.client.AnyContentWith(ctx, s.GCLabel())
		if err != nil || used {
			return s, err
		}
	}
	if len(preferred) == 0 {
		return "", fmt.Errorf("%s: none of its snapshotters works; ctr plugins ls says why", c.host)
	}
	return preferred[0], nil
}
