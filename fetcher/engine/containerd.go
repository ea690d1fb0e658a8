package engine

import (
	"context"
	"errors"
	"net"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"hocker/fetcher/internal/containerd"
	"hocker/fetcher/internal/grpc"
	"hocker/fetcher/reference"
)

// Containerd is a namespace of a containerd, as ctr, nerdctl and Kubernetes use it.
//
// It uses containerd's own API, whose services have been the same since containerd
// 1.0. It sends the blobs that the content store lacks, unpacks each layer while it
// sends the next one, and finally names the image. Package fetcher/internal/containerd
// says why it uses neither containerd's client library nor ctr.
type Containerd struct {
	host      string // unix:///PATH
	namespace string
	// snapshotter is where layers are unpacked; empty until known.
	snapshotter containerd.Snapshotter
	// patience is how long to wait for another client that writes the same blob
	// without progress.
	patience time.Duration
	client   *containerd.Client
}

// kubernetesNamespace is the namespace of the images that kubelet sees.
const kubernetesNamespace = "k8s.io"

// containerdSockets are the usual sockets: that of the system and that of k3s and RKE2.
var containerdSockets = []string{"/run/containerd/containerd.sock", "/run/k3s/containerd/containerd.sock"}

// FindContainerd returns a namespace of the containerd at host, which is unix:///PATH.
// If host is empty, the variable CONTAINERD_ADDRESS names the socket, as for ctr and
// nerdctl. If that is empty too, it is the first of the usual sockets that responds.
//
// If namespace is empty, CONTAINERD_NAMESPACE names it. If that is empty too, it is
// k8s.io for a socket of k3s and RKE2, otherwise default.
//
// Errors: *[reference.InputError], *[UnavailableError], *[NoneError].
func FindContainerd(ctx context.Context, host, namespace string, getenv func(string) string) (*Containerd, error) {
	if host == "" {
		if host = getenv("CONTAINERD_ADDRESS"); strings.HasPrefix(host, "/") {
			host = "unix://" + host // which ctr accepts
		}
	}
	if namespace == "" {
		namespace = getenv("CONTAINERD_NAMESPACE")
	}
	snapshotter := containerd.Snapshotter(getenv("CONTAINERD_SNAPSHOTTER"))
	if host != "" {
		c, err := newContainerd(host, namespace, snapshotter)
		if err != nil {
			return nil, err
		}
		return c, c.ping(ctx)
	}
	none := &NoneError{}
	for _, socket := range containerdSockets {
		c, err := newContainerd("unix://"+socket, namespace, snapshotter)
		if err != nil {
			return nil, err
		}
		err = c.ping(ctx)
		var unavailable *UnavailableError
		if !errors.As(err, &unavailable) {
			return c, err
		}
		none.Tried = append(none.Tried, unavailable)
	}
	return nil, none
}

// newContainerd returns a namespace of the containerd at host. It does not connect.
func newContainerd(host, namespace string, snapshotter containerd.Snapshotter) (*Containerd, error) {
	socket, found := strings.CutPrefix(host, "unix://")
	if !found || !path.IsAbs(socket) {
		return nil, hostError(host, "expected unix:///PATH: containerd listens to a socket of its machine only")
	}
	if namespace == "" {
		namespace = usualNamespace(socket)
	}
	if err := checkNamespace(namespace); err != nil {
		return nil, err
	}
	dial := func(ctx context.Context) (net.Conn, error) { return dialer.DialContext(ctx, "unix", socket) }
	return &Containerd{
		host:        host,
		namespace:   namespace,
		snapshotter: snapshotter,
		patience:    10 * time.Second,
		client:      containerd.NewClient(dial, namespace),
	}, nil
}

// usualNamespace returns the default namespace for a socket: k8s.io for that of k3s and
// RKE2, or a link to it.
func usualNamespace(socket string) string {
	if target, err := filepath.EvalSymlinks(socket); err == nil {
		socket = target
	}
	if strings.HasSuffix(path.Clean(socket), "/k3s/containerd/containerd.sock") {
		return kubernetesNamespace
	}
	return "default"
}

// The grammar of namespaces:
// https://github.com/containerd/containerd/blob/v2.1.0/pkg/identifiers/validate.go
var namespacePattern = regexp.MustCompile(`^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$`)

const maxNamespace = 76

func checkNamespace(namespace string) error {
	if len(namespace) > maxNamespace || !namespacePattern.MatchString(namespace) {
		return &reference.InputError{What: "namespace", Value: namespace, Reason: "expected at most 76 letters and digits, and single . _ - inside"}
	}
	return nil
}

// Close implements [Engine].
func (c *Containerd) Close() error {
	c.client.Close()
	return nil
}

// ping checks that containerd responds.
func (c *Containerd) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, connectTimeout, &grpc.ConnError{Err: errors.New("no response within " + connectTimeout.String())})
	defer cancel()
	_, err := c.client.Version(ctx)
	return c.explain(err, 0)
}

// watch returns a context that ends if containerd is silent for too long while it works on
// size bytes of an image.
func (c *Containerd) watch(ctx context.Context, size int64) (context.Context, *watch) {
	return watchSilence(ctx, size, &UnavailableError{Host: c.host, Containerd: true})
}

// explain turns an error of a call into an *[Error] or *[UnavailableError]. It returns
// other errors unchanged. sent is how many bytes of the image were sent.
func (c *Containerd) explain(err error, sent int64) error {
	var (
		status *grpc.StatusError
		broken *grpc.ConnError
		silent *UnavailableError
	)
	switch {
	case errors.As(err, &status):
		// /containerd.services.content.v1.Content/Write
		_, request, _ := strings.Cut(status.Method, ".v1.")
		return &Error{Host: c.host, Request: request, Message: status.Error(), Containerd: true}
	case errors.As(err, &silent):
		silent.Sent = sent
	case errors.As(err, &broken):
		return &UnavailableError{Host: c.host, Err: broken.Err, Sent: sent, Containerd: true}
	}
	return err
}
