package engine

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"hocker/fetcher/internal/grpc"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
)

func TestNewContainerd(t *testing.T) {
	const k3s = "k3s/containerd/containerd.sock"
	dir := t.TempDir()
	link := filepath.Join(dir, "containerd.sock")
	if err := errors.Join(
		os.MkdirAll(filepath.Join(dir, filepath.Dir(k3s)), 0o755),
		os.WriteFile(filepath.Join(dir, k3s), nil, 0o644),
		os.Symlink(filepath.Join(dir, k3s), link)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name            string
		host, namespace string
		want            string // the namespace
		err             string
	}{
		{name: "system", host: "unix:///run/containerd/containerd.sock", want: "default"},
		{name: "k3s, RKE2", host: "unix:///run/k3s/containerd/containerd.sock", want: "k8s.io"},
		{name: "rootless k3s", host: "unix:///run/user/1000/k3s/containerd/containerd.sock", want: "k8s.io"},
		{name: "link to k3s", host: "unix://" + link, want: "k8s.io"},
		{name: "k3s, another namespace", host: "unix:///run/k3s/containerd/containerd.sock", namespace: "default", want: "default"},
		{name: "not k3s", host: "unix:///run/no-k3s/containerd/containerd.sock", want: "default"},
		{name: "dots", host: "unix:///s", namespace: "my.own-name_1", want: "my.own-name_1"},

		{name: "TCP", host: "tcp://localhost:1", err: `engine "tcp://localhost:1": expected unix:///PATH: containerd listens to a socket of its machine only`},
		{name: "ssh", host: "ssh://me:secret@there", err: `engine: expected unix:///PATH: containerd listens to a socket of its machine only`},
		{name: "no scheme", host: "/s", err: `engine "/s": expected unix:///PATH: containerd listens to a socket of its machine only`},
		{name: "relative", host: "unix://s", err: `engine "unix://s": expected unix:///PATH: containerd listens to a socket of its machine only`},
		{name: "slash", host: "unix:///s", namespace: "a/b", err: `namespace "a/b": expected at most 76 letters and digits, and single . _ - inside`},
		{name: "new line", host: "unix:///s", namespace: "a\nb", err: `namespace "a\nb": expected at most 76 letters and digits, and single . _ - inside`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := newContainerd(tt.host, tt.namespace, "")
			if err != nil || tt.err != "" {
				if err == nil || err.Error() != tt.err || !errors.As(err, new(*reference.InputError)) {
					t.Errorf("error %v, want %s", err, tt.err)
				}
				return
			}
			if c.namespace != tt.want {
				t.Errorf("namespace %q, want %q", c.namespace, tt.want)
			}
		})
	}
}

// Another server at the socket is an error.
func TestContainerdOtherServer(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	socket := filepath.Join(t.TempDir(), "sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server.Listener = listener
	server.Start()
	defer server.Close()
	environment := map[string]string{"CONTAINERD_ADDRESS": socket}
	_, err = FindContainerd(t.Context(), "", "", func(name string) string { return environment[name] })
	var unavailable *UnavailableError
	if !errors.As(err, &unavailable) || unavailable.Host != "unix://"+socket || !unavailable.Containerd {
		t.Errorf("got %v", err)
	}
}

func TestChainIDs(t *testing.T) {
	if got := chainIDs(nil); len(got) != 0 {
		t.Errorf("no layers: %v", got)
	}
	a, b := digest.FromString("a"), digest.FromString("b")
	got := chainIDs([]Layer{{DiffID: a}, {DiffID: b}})
	// https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md#explanation
	if want := digest.FromString(a.String() + " " + b.String()); len(got) != 2 || got[0] != a || got[1] != want {
		t.Errorf("got %v", got)
	}
}

func TestContainerdExplains(t *testing.T) {
	c := &Containerd{host: "unix:///s"}
	refused := &grpc.StatusError{Method: "/containerd.services.content.v1.Content/Write", Code: 2, Message: "no space left on device"}
	if got, want := c.explain(refused, 0).Error(), "unix:///s: Content/Write: no space left on device"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	gone := c.explain(&grpc.ConnError{Err: errors.New("EOF")}, 2048).Error()
	if want := "the container engine at unix:///s closed the connection after it had read 2.0 kB of the image: EOF"; gone != want {
		t.Errorf("got %s, want %s", gone, want)
	}
	if other := errors.New("other"); c.explain(other, 0) != other || c.explain(nil, 0) != nil {
		t.Error("another error is changed")
	}
}
