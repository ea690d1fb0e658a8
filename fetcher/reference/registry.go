package reference

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// Registry is the root of a registry's HTTP API, https://HOST[:PORT][PREFIX]/v2/.
// The zero value is no registry; use [ParseRegistry] or [DockerHub].
type Registry struct {
	Scheme string // "http" or "https"
	Host   string // host name or address, with the port where one was given
	Prefix string // path before /v2/: "" or "/some/path"
}

// DockerHub is the registry of images whose name has no host in it.
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

// ParseRegistry reads a registry's address: https://host[:port][/prefix]/v2/,
// the same without /v2/, with http://, or a bare host[:port][/prefix]. A bare
// loopback host means plain http, as it does to Docker, every other bare host
// means https. The scheme's own port is left out: host:443 is host.
func ParseRegistry(s string) (Registry, error) {
	scheme, rest, hasScheme := strings.Cut(s, "://")
	if !hasScheme {
		scheme, rest = "", s
	}
	if strings.ContainsAny(s, "@?#") {
		return Registry{}, UserError("registry")
	}
	if scheme != "" && scheme != "http" && scheme != "https" {
		return Registry{}, registryError(s, "its scheme is neither http nor https")
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
			return Registry{}, registryError(s, "Docker Hub's API has no path in front of /v2/")
		}
		return DockerHub, nil
	}
	if strings.HasSuffix(prefix, "/v1") {
		return Registry{}, registryError(s, "version 1 of the registry API is not spoken: the address ends in /v2/")
	}
	prefix = strings.TrimRight(strings.TrimSuffix(prefix, "/v2"), "/")
	if !prefixPattern.MatchString(prefix) {
		return Registry{}, registryError(s, "its path has characters that a registry's path cannot have")
	}
	return Registry{Scheme: scheme, Host: host, Prefix: prefix}, nil
}

// UserError returns the error of an address with a user name in it. It does not
// quote the address: what stands before an @ may be a password.
func UserError(what string) error {
	return &InputError{What: what, Reason: "an address with a user name, a query or a fragment: give the address alone, and credentials by their own flags or variables"}
}

func registryError(s, reason string) error {
	return &InputError{What: "registry", Value: s, Reason: reason + ", expected https://HOST[:PORT]/v2/"}
}

func checkHost(host string) error {
	if host == "" {
		return fmt.Errorf("it has no host")
	}
	if len(host) > 255 || !hostPattern.MatchString(host) {
		return fmt.Errorf("%q is no host name", host)
	}
	if strings.HasPrefix(host, "[") {
		addr, _, _ := strings.Cut(host[1:], "]")
		if _, err := netip.ParseAddr(addr); err != nil {
			return fmt.Errorf("[%s] is no IPv6 address", addr)
		}
	}
	if _, port, err := net.SplitHostPort(host); err == nil {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return fmt.Errorf("%s is no port", port)
		}
	}
	return nil
}

// withoutDefaultPort leaves out the port that a scheme has anyway, so that one
// registry has one name: to credentials, caches and lock files. It stays where a
// reference would not have a host without it: myhost:443/app, but myhost/app is an
// image of Docker Hub.
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

// HostName returns the name of the registry at a host, with its port where it has
// one: in lower case, without the scheme's own port, docker.io for each of Docker
// Hub's hosts. An empty scheme means the one that [ParseRegistry] takes for a bare
// host.
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

// defaultScheme is plain http for loopback hosts: nobody has a certificate for
// those, and nothing leaves the machine.
func defaultScheme(host string) string {
	if IsLoopback(host) {
		return "http"
	}
	return "https"
}

// IsLoopback reports whether host, with or without a port, is this machine:
// localhost, 127.0.0.0/8 or ::1.
func IsLoopback(host string) bool {
	name := (&url.URL{Host: host}).Hostname()
	if name == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(name)
	return err == nil && addr.IsLoopback()
}

// IsExposed reports whether others can read what is sent to the registry: plain
// http that leaves this machine.
func (r Registry) IsExposed() bool { return r.Scheme == "http" && !IsLoopback(r.Host) }

// String returns the registry's API root, ending in /v2/.
func (r Registry) String() string {
	return r.Scheme + "://" + r.Host + r.Prefix + "/v2/"
}

// IsDockerHub reports whether r is Docker Hub.
func (r Registry) IsDockerHub() bool { return r == DockerHub }

// Name returns what stands for the registry in a reference: docker.io, or the
// host with its port.
func (r Registry) Name() string {
	if r.IsDockerHub() {
		return "docker.io"
	}
	return r.Host
}

// HasHost reports whether the first part of an image's name is a host: if it has a
// dot or a port in it or is localhost, as Docker decides it.
func HasHost(name string) bool {
	host, _, hasSlash := strings.Cut(name, "/")
	return hasSlash && (strings.ContainsAny(host, ".:[") || host == "localhost")
}
