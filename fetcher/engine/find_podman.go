package engine

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
)

// FindPodman returns podman. The first of these decides: host, CONTAINER_HOST, the
// podman program, the usual sockets of podman. The program works on the storage of the
// user who runs it.
//
// Errors: *[reference.InputError], *[UnavailableError], *[CertificateError],
// *[NoneError], *[NotPodmanError].
func FindPodman(ctx context.Context, host string, getenv func(string) string) (Engine, error) {
	if host == "" {
		host = getenv("CONTAINER_HOST")
	}
	if host == "" {
		if program, ok := podmanProgram(); ok {
			return startPodman(ctx, program)
		}
		return firstOf(ctx, podmanSockets(getenv, os.Getuid()))
	}
	endpoint, err := podmanEndpoint(ctx, host, getenv)
	e, err := connect(ctx, endpoint, err)
	if err != nil {
		return nil, err
	}
	if _, ok := e.(*Podman); !ok {
		return nil, &NotPodmanError{Host: host}
	}
	return e, nil
}

// podmanEndpoint returns the endpoint in podman's variables:
// https://docs.podman.io/en/latest/markdown/podman-remote.1.html.
func podmanEndpoint(ctx context.Context, host string, getenv func(string) string) (endpoint Endpoint, err error) {
	var config *tls.Config
	files := tlsFiles{ca: getenv("CONTAINER_TLS_CA"), cert: getenv("CONTAINER_TLS_CERT"), key: getenv("CONTAINER_TLS_KEY")}
	if files != (tlsFiles{}) {
		config, err = files.config(ctx)
	}
	return Endpoint{Host: host, TLS: config, Program: "podman", Identity: getenv("CONTAINER_SSHKEY")}, err
}

// NotPodmanError reports that the engine at an address is not podman.
type NotPodmanError struct{ Host string }

func (e *NotPodmanError) Error() string {
	return fmt.Sprintf("the container engine at %s is not podman", e.Host)
}

// podmanProgram returns the path of the podman program. Only on Linux does the program
// manage images itself; elsewhere it is a client of a virtual machine.
func podmanProgram() (path string, ok bool) {
	path, err := exec.LookPath("podman")
	return path, err == nil && runtime.GOOS == "linux"
}

// startPodman starts the podman program and connects to it.
//
// Errors: *[UnavailableError].
func startPodman(ctx context.Context, program string) (Engine, error) {
	s, err := startService(ctx, program)
	if err != nil {
		return nil, err
	}
	c, err := newClient(Endpoint{Host: s.host()})
	if err == nil {
		c.host = program
		err = c.ping(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	p := newPodman(c)
	p.local, p.service = true, s
	return p, nil
}
