package engine

import (
	"crypto/tls"
	"net"
	"net/url"
	"strings"

	"hocker/fetcher/reference"
)

// Endpoint is where an engine listens, and what it takes to talk to it.
type Endpoint struct {
	// Host is unix:///PATH, tcp://HOST[:PORT], HOST:PORT, http://HOST[:PORT],
	// https://HOST[:PORT] or ssh://[USER@]HOST[:PORT][/PATH], as docker and podman
	// take it. The port is 2375 if none is given, 2376 with TLS.
	Host string
	// TLS is how to speak TLS; nil means plain HTTP.
	TLS *tls.Config
	// Program is run on the host behind ssh to reach the engine there, as
	// "docker system dial-stdio"; empty means docker.
	Program string
	// Identity is the file of the key for ssh; empty means ssh's own choice.
	Identity string
}

// The ports of Docker's API: https://docs.docker.com/engine/security/protect-access/.
const (
	plainPort  = "2375"
	securePort = "2376"
)

const expectedHost = "expected unix:///PATH, tcp://HOST:PORT or ssh://USER@HOST"

// hostError is an address of an engine that is none. What stands before an @ may
// be a password, and is not shown.
func hostError(host, reason string) error {
	if strings.Contains(host, "@") {
		host = ""
	}
	return &reference.InputError{What: "engine", Value: host, Reason: reason}
}

// split returns the scheme of an endpoint's host and what stands behind it.
func (p Endpoint) split() (scheme, rest string, err error) {
	scheme, rest, found := strings.Cut(p.Host, "://")
	if !found {
		if strings.HasPrefix(p.Host, "/") {
			return "", "", hostError(p.Host, "expected unix://"+p.Host+" for a socket")
		}
		if _, port, err := net.SplitHostPort(p.Host); err != nil || port == "" {
			return "", "", hostError(p.Host, expectedHost)
		}
		return "tcp", p.Host, nil
	}
	if rest == "" {
		return "", "", hostError(p.Host, expectedHost)
	}
	return scheme, rest, nil
}

// baseURL returns the root of the API behind a tcp, http or https address.
func (p Endpoint) baseURL(rest string) (string, error) {
	u, err := url.Parse("http://" + strings.TrimSuffix(rest, "/"))
	switch {
	case err != nil, u.RawQuery != "", u.Fragment != "":
		return "", hostError(p.Host, expectedHost)
	case u.User != nil:
		return "", hostError(p.Host, "its address has a user name, which an engine does not take: "+expectedHost)
	}
	name, port := u.Hostname(), u.Port()
	if name == "" && port == "" {
		return "", hostError(p.Host, expectedHost)
	}
	if name == "" {
		name = "127.0.0.1" // as docker has it
	}
	if port == "" {
		port = plainPort
		if p.TLS != nil {
			port = securePort
		}
	}
	u.Host = net.JoinHostPort(name, port)
	if p.TLS != nil {
		u.Scheme = "https"
	}
	return u.String(), nil
}
