package engine

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
)

// Find returns the engine that docker would use. The first of these decides: host,
// DOCKER_HOST, the context in DOCKER_CONTEXT, podman's CONTAINER_HOST, the current
// context in docker's configuration. If none is set, Find returns the first engine that
// responds at the usual sockets of Docker and podman. If none does, it starts the
// podman program.
//
// Errors: *[reference.InputError], *[ContextError], *[UnavailableError],
// *[CertificateError], *[NoneError], and errors of reading docker's config.json.
func Find(ctx context.Context, host string, getenv func(string) string) (Engine, error) {
	endpoint, err := choose(ctx, host, getenv)
	if err != nil || endpoint.Host != "" {
		return connect(ctx, endpoint, err)
	}
	e, err := firstOf(ctx, sockets(getenv, os.Getuid()))
	var none *NoneError
	if program, ok := podmanProgram(); ok && errors.As(err, &none) {
		e, err = startPodman(ctx, program)
		var unavailable *UnavailableError
		if errors.As(err, &unavailable) {
			none.Tried = append(none.Tried, unavailable)
			return nil, none
		}
	}
	return e, err
}

// FindDocker is like [Find], but ignores podman.
func FindDocker(ctx context.Context, host string, getenv func(string) string) (Engine, error) {
	endpoint, err := choose(ctx, host, func(name string) string {
		if strings.HasPrefix(name, "CONTAINER_") {
			return ""
		}
		return getenv(name)
	})
	if err != nil || endpoint.Host != "" {
		return connect(ctx, endpoint, err)
	}
	return firstOf(ctx, slices.DeleteFunc(sockets(getenv, os.Getuid()), isPodmanSocket))
}

// choose returns the configured endpoint, or the zero Endpoint. It follows docker's
// order of precedence, with podman's variable before docker's files:
// https://docs.docker.com/engine/manage-resources/contexts/.
func choose(ctx context.Context, host string, getenv func(string) string) (Endpoint, error) {
	if host == "" {
		host = getenv("DOCKER_HOST")
	}
	if host != "" {
		config, err := environmentTLS(ctx, getenv)
		return Endpoint{Host: host, TLS: config}, err
	}
	name := getenv("DOCKER_CONTEXT")
	if podman := getenv("CONTAINER_HOST"); name == "" && podman != "" {
		return podmanEndpoint(ctx, podman, getenv)
	}
	if name == "" {
		var err error
		if name, err = currentContext(ctx, getenv); err != nil {
			return Endpoint{}, err
		}
	}
	if name != "" && name != defaultContext {
		endpoint, err := contextEndpoint(ctx, name, getenv)
		if err == nil && endpoint.TLS == nil && strings.HasPrefix(endpoint.Host, "tcp:") && wantsTLS(getenv) {
			err = &ContextError{Name: name, Err: errors.New("DOCKER_TLS_VERIFY or DOCKER_TLS requests TLS, but this context does not use it")}
		}
		return endpoint, err
	}
	if wantsTLS(getenv) {
		config, err := environmentTLS(ctx, getenv)
		return Endpoint{Host: "tcp://localhost:" + securePort, TLS: config}, err
	}
	return Endpoint{}, nil
}
