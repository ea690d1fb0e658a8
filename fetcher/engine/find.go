package engine

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// NoneError reports that none of the usual sockets has a responding engine. It is
// [ErrUnavailable].
type NoneError struct {
	Tried []*UnavailableError
}

func (e *NoneError) Error() string {
	var silent, missing []string
	for _, tried := range e.Tried {
		if errors.Is(tried.Err, fs.ErrNotExist) {
			missing = append(missing, strings.TrimPrefix(tried.Host, "unix://"))
		} else {
			silent = append(silent, fmt.Sprintf("%s (%v)", tried.Host, tried.Err))
		}
	}
	if len(silent) > 0 {
		return "no container engine answers: tried " + strings.Join(silent, ", ")
	}
	return "no container engine is running: there is no socket at " + strings.Join(missing, ", ")
}

func (e *NoneError) Is(target error) bool { return target == ErrUnavailable }

// Find returns the engine that docker would use. The first of these decides: host,
// DOCKER_HOST, the context in DOCKER_CONTEXT, podman's CONTAINER_HOST, the current
// context in docker's configuration. If none is set, Find returns the first engine that
// responds at the usual sockets of Docker and podman.
//
// Errors: *[reference.InputError], *[ContextError], *[UnavailableError],
// *[CertificateError], *[NoneError], and errors of reading docker's config.json.
func Find(ctx context.Context, host string, getenv func(string) string) (Engine, error) {
	endpoint, err := choose(host, getenv)
	if err != nil {
		return nil, err
	}
	if endpoint.Host == "" {
		return firstOf(ctx, sockets(getenv, os.Getuid()))
	}
	c, err := newClient(endpoint)
	if err != nil {
		return nil, err
	}
	if err := c.ping(ctx); err != nil {
		return nil, err
	}
	return engineOf(c), nil
}

// engineOf returns the engine that a client is connected to.
func engineOf(c *client) Engine {
	if c.podman {
		return &Podman{c}
	}
	return &Docker{client: c}
}

// choose returns the configured endpoint, or the zero Endpoint. It follows docker's
// order of precedence, with podman's variable before docker's files:
// https://docs.docker.com/engine/manage-resources/contexts/.
func choose(host string, getenv func(string) string) (Endpoint, error) {
	if host == "" {
		host = getenv("DOCKER_HOST")
	}
	if host != "" {
		config, err := environmentTLS(getenv)
		return Endpoint{Host: host, TLS: config}, err
	}
	name := getenv("DOCKER_CONTEXT")
	if podman := getenv("CONTAINER_HOST"); name == "" && podman != "" {
		return podmanEndpoint(podman, getenv)
	}
	if name == "" {
		var err error
		if name, err = currentContext(getenv); err != nil {
			return Endpoint{}, err
		}
	}
	if name != "" && name != defaultContext {
		endpoint, err := contextEndpoint(name, getenv)
		if err == nil && endpoint.TLS == nil && strings.HasPrefix(endpoint.Host, "tcp:") && wantsTLS(getenv) {
			err = &ContextError{Name: name, Err: errors.New("DOCKER_TLS_VERIFY or DOCKER_TLS requests TLS, but this context does not use it")}
		}
		return endpoint, err
	}
	if wantsTLS(getenv) {
		config, err := environmentTLS(getenv)
		return Endpoint{Host: "tcp://localhost:" + securePort, TLS: config}, err
	}
	return Endpoint{}, nil
}

// podmanEndpoint returns the endpoint in podman's variables:
// https://docs.podman.io/en/latest/markdown/podman-remote.1.html.
func podmanEndpoint(host string, getenv func(string) string) (endpoint Endpoint, err error) {
	var config *tls.Config
	files := tlsFiles{ca: getenv("CONTAINER_TLS_CA"), cert: getenv("CONTAINER_TLS_CERT"), key: getenv("CONTAINER_TLS_KEY")}
	if files != (tlsFiles{}) {
		config, err = files.config()
	}
	return Endpoint{Host: host, TLS: config, Program: "podman", Identity: getenv("CONTAINER_SSHKEY")}, err
}

// firstOf returns the engine at the first socket that responds.
func firstOf(ctx context.Context, sockets []string) (Engine, error) {
	none := &NoneError{}
	for _, socket := range sockets {
		c, err := newClient(Endpoint{Host: "unix://" + socket})
		if err != nil {
			return nil, err
		}
		if err = c.ping(ctx); err == nil {
			return engineOf(c), nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		var unavailable *UnavailableError
		if !errors.As(err, &unavailable) { // it responds, but not as an engine
			unavailable = &UnavailableError{Host: c.host, Err: err}
		}
		none.Tried = append(none.Tried, unavailable)
	}
	return nil, none
}
