// Package containerd calls the services of containerd for loading an image: leases,
// content, snapshots, the unpacking of layers, images.
//
// They have been the same since containerd 1.0, also in Docker, k3s and RKE2. The
// client library of containerd would make hocker 70 % larger and add 39 modules. The
// ctr program differs by version and distribution, and names an image before it is
// complete.
//
// https://github.com/containerd/containerd/tree/v2.1.0/api/services
package containerd

import (
	"context"
	"net"

	"hocker/fetcher/internal/grpc"
	"hocker/fetcher/internal/protobuf"
)

// Client uses a namespace of a containerd.
type Client struct {
	conn *grpc.Conn
}

// The headers for the namespace and the lease of a call:
// https://github.com/containerd/containerd/blob/v2.1.0/pkg/namespaces/grpc.go
const (
	namespaceHeader = "containerd-namespace"
	leaseHeader     = "containerd-lease"
)

// NewClient returns a client for a namespace of the containerd that dial reaches. It
// does not connect.
func NewClient(dial func(context.Context) (net.Conn, error), namespace string) *Client {
	return &Client{conn: grpc.NewConn(dial, map[string]string{namespaceHeader: namespace})}
}

// Close closes the connection.
func (c *Client) Close() { c.conn.Close() }

// call calls a method and parses its response.
func (c *Client) call(ctx context.Context, method string, message protobuf.Message) (protobuf.Fields, error) {
	answer, err := c.conn.Call(ctx, method, message)
	if err != nil {
		return nil, err
	}
	return protobuf.Parse(answer)
}

// Version returns the version of containerd, such as 1.6.20.
func (c *Client) Version(ctx context.Context) (string, error) {
	answer, err := c.call(ctx, "/containerd.services.version.v1.Version/Version", nil)
	return answer.String(1), err
}
