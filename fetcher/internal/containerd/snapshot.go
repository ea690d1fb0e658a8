package containerd

import (
	"context"

	"hocker/fetcher/internal/grpc"
	"hocker/fetcher/internal/protobuf"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Snapshotter is the name of a snapshotter, such as overlayfs.
type Snapshotter string

// DefaultSnapshotter is the one that containerd, ctr and CRI use unless told otherwise.
const DefaultSnapshotter Snapshotter = "overlayfs"

// GCLabel is the label of a config that protects the unpacked layers of its image
// from collection. Its value is the chain ID of the topmost layer.
func (s Snapshotter) GCLabel() string { return "containerd.io/gc.ref.snapshot." + string(s) }

const snapshots = "/containerd.services.snapshots.v1.Snapshots/"

// HasSnapshot reports whether a snapshot exists. Its name is the chain ID of an
// unpacked layer.
func (c *Client) HasSnapshot(ctx context.Context, s Snapshotter, name string) (bool, error) {
	return c.has(ctx, snapshots+"Stat", s.message(name), name)
}

// message returns a request with the snapshotter and a key.
func (s Snapshotter) message(key string) protobuf.Message {
	var request protobuf.Message
	request.String(1, string(s))
	request.String(2, key)
	return request
}

// Mounts say how containerd mounts a snapshot. Only containerd reads them.
type Mounts [][]byte

// PrepareSnapshot creates a writable snapshot on top of parent, which may be empty.
func (c *Client) PrepareSnapshot(ctx context.Context, s Snapshotter, key, parent string) (Mounts, error) {
	request := s.message(key)
	request.String(3, parent)
	answer, err := c.call(ctx, snapshots+"Prepare", request)
	return answer.Repeated(1), err
}

// CommitSnapshot makes the snapshot with a key read-only and names it.
//
// Errors: a *[grpc.StatusError] with code AlreadyExists if the name exists.
func (c *Client) CommitSnapshot(ctx context.Context, s Snapshotter, name, key string) error {
	var request protobuf.Message
	request.String(1, string(s))
	request.String(2, name)
	request.String(3, key)
	_, err := c.call(ctx, snapshots+"Commit", request)
	return err
}

// Apply unpacks a layer from the content store into a snapshot, and returns its diff
// ID.
func (c *Client) Apply(ctx context.Context, layer ocispec.Descriptor, mounts Mounts) (digest.Digest, error) {
	var request protobuf.Message
	request.Message(1, descriptor(layer))
	for _, mount := range mounts {
		request.Message(2, mount)
	}
	answer, err := c.call(ctx, "/containerd.services.diff.v1.Diff/Apply", request)
	if err != nil {
		return "", err
	}
	applied, err := answer.Message(1)
	return digest.Digest(applied.String(2)), err
}

// NamespaceSnapshotter returns the snapshotter that the namespace's label names, or "":
// https://github.com/containerd/containerd/blob/v2.1.0/docs/namespaces.md
func (c *Client) NamespaceSnapshotter(ctx context.Context, namespace string) (Snapshotter, error) {
	var request protobuf.Message
	request.String(1, namespace)
	answer, err := c.call(ctx, "/containerd.services.namespaces.v1.Namespaces/Get", request)
	if err != nil {
		if grpc.Is(err, grpc.NotFound) {
			err = nil
		}
		return "", err
	}
	found, err := answer.Message(1)
	if err != nil {
		return "", err
	}
	labels, err := found.Map(2)
	return Snapshotter(labels["containerd.io/defaults/snapshotter"]), err
}
