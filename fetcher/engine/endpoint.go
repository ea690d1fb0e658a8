package engine

import (
	"crypto/tls"
	"net"
	"net/url"
	"strings"

	"hocker/fetcher/reference"
)

// Endpoint is the address of an engine and the means to connect to it.
type Endpoint struct {
	// Host is unix:///PATH, tcp://HOST[:PORT], HOST:PORT, http://HOST[:PORT],
	// https://HOST[:PORT] or ssh://[USER@]HOST[:PORT][/PATH], as in docker and
	// podman. The default port is 2375, or 2376 with TLS.
	Host string
	// TLS is the TLS configuration; nil means plain http.
	TLS *tls.Config
	// Program is run on the host over ssh to connect to its engine, as in
	// "docker system dial-stdio"; empty means docker.
	Program string
	// Identity is the path of the ssh key; empty means ssh's default.
	Identity string
}

// The default ports of Docker's API: https://docs.docker.com/engine/security/protect-access/.
const (
	plainPort  = "2375"
	securePort = "2376"
)

const expectedHost = "expected unix:///PATH, tcp://HOST:PORT or ssh://USER@HOST"

// hostError reports an invalid engine address. It does not quote an address with an @,
// which may contain a password.
func hostError(host, reason string) error {
	if strings.Contains(host, "@") {
		host = ""
	}
	return &reference.InputError{What: "engine", Value: host, Reason: reason}
}

// split splits p.Host into its scheme and the rest.
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

// baseURL returns the base URL of the API at a tcp, http or https address.
func (p Endpoint) baseURL(rest string) (string, error) {
	u, err := url.Parse("http://" + strings.TrimSuffix(rest, "/"))
	switch {
	case err != nil, u.RawQuery != "", u.Fragment != "":
		return "", hostError(p.Host, expectedHost)
	case u.User != nil:
		return "", hostError(p.Host, "the address contains a user name, which engines do not support: "+expectedHost)
	}
	name, port := u.Hostname(), u.Port()
	if name == "" && port == "" {
		return "", hostError(p.Host, expectedHost)
	}
	if name == "" {
		name = "127.0.0.1" // as in docker
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
