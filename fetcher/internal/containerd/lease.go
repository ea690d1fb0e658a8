package containerd

import (
	"context"
	"time"

	"hocker/fetcher/internal/protobuf"
)

const leases = "/containerd.services.leases.v1.Leases/"

// leaseExpiry is when containerd ends a lease whose owner was killed, the same as in
// its own client.
const leaseExpiry = 24 * time.Hour

// Lease holds content and snapshots while no image refers to them.
type Lease struct {
	*Client // the lease holds what it writes
	ID      string
	owner   *Client
}

// NewLease creates a lease.
func (c *Client) NewLease(ctx context.Context, id string) (*Lease, error) {
	var request protobuf.Message
	request.String(1, id)
	request.Map(3, map[string]string{"containerd.io/gc.expire": time.Now().Add(leaseExpiry).UTC().Format(time.RFC3339)})
	if _, err := c.call(ctx, leases+"Create", request); err != nil {
		return nil, err
	}
	return &Lease{Client: &Client{conn: c.conn.With(leaseHeader, id)}, ID: id, owner: c}, nil
}

// Hold holds a snapshot, if it exists or once it does.
func (l *Lease) Hold(ctx context.Context, s Snapshotter, name string) error {
	var resource, request protobuf.Message
	resource.String(1, name)
	resource.String(2, "snapshots/"+string(s))
	request.String(1, l.ID)
	request.Message(2, resource)
	_, err := l.owner.call(ctx, leases+"AddResource", request)
	return err
}

// End ends the lease. Content without an image may then be collected.
func (l *Lease) End(ctx context.Context) error {
	var request protobuf.Message
	request.String(1, l.ID)
	_, err := l.owner.call(ctx, leases+"Delete", request)
	return err
}
