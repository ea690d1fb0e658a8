package engine

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
)

// socketURL is the base URL of engines that are not reached by host name.
const socketURL = "http://engine"

// newClient returns a client of the engine at an endpoint. It does not connect to it.
//
// Errors: *[reference.InputError].
func newClient(endpoint Endpoint) (*client, error) {
	scheme, rest, err := endpoint.split()
	if err != nil {
		return nil, err
	}
	switch scheme {
	case "unix":
		if endpoint.TLS != nil {
			return nil, hostError(endpoint.Host, "TLS is requested, but a socket does not support it: unset DOCKER_TLS_VERIFY and DOCKER_TLS, or use tcp://HOST:2376")
		}
		return httpClient(endpoint, socketURL, func(ctx context.Context) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", rest)
		}), nil
	case "ssh":
		// Ignore a request for TLS: ssh authenticates the host and encrypts.
		target, err := parseSSH(endpoint.Host, rest)
		if err != nil {
			return nil, err
		}
		return httpClient(endpoint, socketURL, func(ctx context.Context) (net.Conn, error) {
			return dialCommand(ctx, target.command(endpoint.Program, endpoint.Identity))
		}), nil
	case "http":
		if endpoint.TLS != nil {
			return nil, hostError(endpoint.Host, "TLS is requested, but http:// does not use it: write tcp:// or https://")
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
	return httpClient(endpoint, base, nil), nil
}

var dialer = &net.Dialer{Timeout: connectTimeout}

// httpClient returns a client that connects with dial, or over the network if dial is
// nil.
func httpClient(endpoint Endpoint, base string, dial func(context.Context) (net.Conn, error)) *client {
	transport := &http.Transport{
		DisableCompression:  true,
		DialContext:         dialer.DialContext,
		TLSClientConfig:     endpoint.TLS,
		TLSHandshakeTimeout: connectTimeout,
	}
	if dial != nil {
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }
	}
	return &client{host: endpoint.Host, base: base, http: &http.Client{Transport: transport}}
}
