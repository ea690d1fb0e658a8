package reference

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// Registry is the root of a registry's HTTP API, https://HOST[:PORT][PREFIX]/v2/.
// The zero value is not a registry; use [ParseRegistry] or [DockerHub].
type Registry struct {
	Scheme string // "http" or "https"
	Host   string // host name or address, with its port if it has one
	Prefix string // path before /v2/: "" or "/some/path"
}

// DockerHub is the registry of image names without a host.
var DockerHub = Registry{Scheme: "https", Host: "registry-1.docker.io"}

// dockerHubHosts are the names that Docker Hub's registry goes by, in the
// references and credential files of various tools.
var dockerHubHosts = map[string]bool{
	"docker.io":               true,
	"index.docker.io":         true,
	"registry-1.docker.io":    true,
	"registry.hub.docker.com": true,
}

// The grammar of hosts as in
// https://github.com/distribution/reference/blob/v0.6.0/regexp.go, without the
// zone of an IPv6 address.
var (
	hostPattern   = regexp.MustCompile(`^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?$`)
	prefixPattern = regexp.MustCompile(`^(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$`)
)

// ParseRegistry parses the address of a registry: https://host[:port][/prefix]/v2/,
// the same with http:// or without /v2/, or a bare host[:port][/prefix]. Without a
// scheme, a loopback host means http, as in Docker, and any other host means https.
// The default port of the scheme is dropped: host:443 is host.
//
// Errors: *[InputError].
func ParseRegistry(s string) (Registry, error) {
	scheme, rest, hasScheme := strings.Cut(s, "://")
	if !hasScheme {
		scheme, rest = "", s
	}
	if strings.ContainsAny(s, "@?#") {
		return Registry{}, UserError("registry")
	}
	if scheme != "" && scheme != "http" && scheme != "https" {
		return Registry{}, registryError(s, "scheme is neither http nor https")
	}
	host, path, _ := strings.Cut(rest, "/")
	if err := checkHost(host); err != nil {
		return Registry{}, registryError(s, err.Error())
	}
	host = strings.ToLower(host)
	if scheme == "" {
		scheme = defaultScheme(host)
	}
	host = withoutDefaultPort(scheme, host)
	prefix := strings.TrimRight("/"+path, "/")
	if dockerHubHosts[host] {
		// Credential files call Docker Hub https://index.docker.io/v1/.
		if prefix != "" && prefix != "/v1" && prefix != "/v2" {
			return Registry{}, registryError(s, "Docker Hub has no path before /v2/")
		}
		return DockerHub, nil
	}
	if strings.HasSuffix(prefix, "/v1") {
		return Registry{}, registryError(s, "version 1 of the registry API is not supported")
	}
	prefix = strings.TrimRight(strings.TrimSuffix(prefix, "/v2"), "/")
	if !prefixPattern.MatchString(prefix) {
		return Registry{}, registryError(s, "invalid path")
	}
	return Registry{Scheme: scheme, Host: host, Prefix: prefix}, nil
}

// UserError returns the error for an address that contains a user name. It does not
// quote the address, which may contain a password.
func UserError(what string) error {
	return &InputError{What: what, Reason: "address must not contain a user name, query or fragment: pass credentials with their own flags or variables"}
}

func registryError(s, reason string) error {
	return &InputError{What: "registry", Value: s, Reason: reason + ", expected https://HOST[:PORT]/v2/"}
}

func checkHost(host string) error {
	if host == "" {
		return errors.New("missing host")
	}
	if len(host) > 255 || !hostPattern.MatchString(host) {
		return fmt.Errorf("%q is not a valid host name", host)
	}
	if strings.HasPrefix(host, "[") {
		addr, _, _ := strings.Cut(host[1:], "]")
		if _, err := netip.ParseAddr(addr); err != nil {
			return fmt.Errorf("[%s] is not a valid IPv6 address", addr)
		}
	}
	if _, port, err := net.SplitHostPort(host); err == nil {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return fmt.Errorf("%s is not a valid port", port)
		}
	}
	return nil
}

// withoutDefaultPort drops the default port of a scheme, so that credentials,
// caches and lock files know one registry by one name. It keeps a port that makes
// the name a host: myhost:443/app is on myhost, but myhost/app is on Docker Hub.
func withoutDefaultPort(scheme, host string) string {
	port := ":443"
	if scheme == "http" {
		port = ":80"
	}
	if name, ok := strings.CutSuffix(host, port); ok && HasHost(name+"/") {
		return name
	}
	return host
}

// HostName returns the name of the registry at a host: lower-case, without the
// default port of the scheme, and docker.io for every host of Docker Hub. An empty
// scheme means the one that [ParseRegistry] assumes for a bare host.
func HostName(scheme, host string) string {
	host = strings.ToLower(host)
	if scheme == "" {
		scheme = defaultScheme(host)
	}
	host = withoutDefaultPort(scheme, host)
	if dockerHubHosts[host] {
		return DockerHub.Name()
	}
	return host
}

// defaultScheme returns http for loopback hosts: they have no certificate, and the
// traffic does not leave the machine.
func defaultScheme(host string) string {
	if IsLoopback(host) {
		return "http"
	}
	return "https"
}

// IsLoopback reports whether host, with or without a port, is localhost or an
// address in 127.0.0.0/8 or ::1.
func IsLoopback(host string) bool {
	name := (&url.URL{Host: host}).Hostname()
	if name == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(name)
	return err == nil && addr.IsLoopback()
}

// IsExposed reports whether requests to the registry leave this machine over plain
// http, where others can read them.
func (r Registry) IsExposed() bool { return r.Scheme == "http" && !IsLoopback(r.Host) }

// String returns the registry's API root, ending in /v2/.
func (r Registry) String() string {
	return r.Scheme + "://" + r.Host + r.Prefix + "/v2/"
}

// IsDockerHub reports whether r is Docker Hub.
func (r Registry) IsDockerHub() bool { return r == DockerHub }

// Name returns the registry's name in a reference: docker.io, or the host with its
// port.
func (r Registry) Name() string {
	if r.IsDockerHub() {
		return "docker.io"
	}
	return r.Host
}

// HasHost reports whether the first component of an image name is a host. As in
// Docker, it is one if it contains a dot or a colon or is localhost.
func HasHost(name string) bool {
	host, _, hasSlash := strings.Cut(name, "/")
	return hasSlash && (strings.ContainsAny(host, ".:[") || host == "localhost")
}
