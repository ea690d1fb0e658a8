package engine

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
)

// socketURL stands for the address of an engine that is not found by one.
const socketURL = "http://engine"

// New returns the engine at an endpoint, without asking it anything.
//
// Errors: *[reference.InputError].
func New(endpoint Endpoint) (*Engine, error) {
	scheme, rest, err := endpoint.split()
	if err != nil {
		return nil, err
	}
	switch scheme {
	case "unix":
		if endpoint.TLS != nil {
			return nil, hostError(endpoint.Host, "TLS is asked for, and a socket does not speak it: unset DOCKER_TLS_VERIFY and DOCKER_TLS, or name tcp://HOST:2376")
		}
		return newEngine(endpoint, socketURL, func(ctx context.Context) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", rest)
		}), nil
	case "ssh":
		// A wish for TLS is met: ssh knows the host and hides what is said.
		target, err := parseSSH(endpoint.Host, rest)
		if err != nil {
			return nil, err
		}
		return newEngine(endpoint, socketURL, func(ctx context.Context) (net.Conn, error) {
			return dialCommand(ctx, target.command(endpoint.Program, endpoint.Identity))
		}), nil
	case "http":
		if endpoint.TLS != nil {
			return nil, hostError(endpoint.Host, "TLS is asked for, and http is without: write tcp:// or https://")
		}
	case "https":
		if endpoint.TLS == nil {
			endpoint.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
		}
	case "tcp":
	default:
		return nil, hostError(endpoint.Host, expectedHost)
	}
	base, err := endpoint.baseURL(rest)
	if err != nil {
		return nil, err
	}
	return newEngine(endpoint, base, nil), nil
}

var dialer = &net.Dialer{Timeout: connectTimeout}

// newEngine returns an engine whose connections dial makes, or the network if
// that is nil.
func newEngine(endpoint Endpoint, base string, dial func(context.Context) (net.Conn, error)) *Engine {
	transport := &http.Transport{
		DisableCompression:  true,
		DialContext:         dialer.DialContext,
		TLSClientConfig:     endpoint.TLS,
		TLSHandshakeTimeout: connectTimeout,
	}
	if dial != nil {
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }
	}
	return &Engine{Host: endpoint.Host, base: base, client: &http.Client{Transport: transport}}
}
