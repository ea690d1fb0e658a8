package reference

import (
	"errors"
	"net/url"
	"strings"
	"testing"
)

var parseRegistryTests = []struct {
	in   string
	want Registry
	err  string
}{
	{in: "https://registry-1.docker.io/v2/", want: DockerHub},
	{in: "docker.io", want: DockerHub},
	{in: "Docker.IO", want: DockerHub},
	{in: "http://docker.io", want: DockerHub}, // never over plain http
	{in: "https://index.docker.io/v1/", want: DockerHub},
	{in: "https://registry.hub.docker.com/v2/", want: DockerHub},
	{in: "https://ghcr.io/v2/", want: Registry{Scheme: "https", Host: "ghcr.io"}},
	{in: "https://ghcr.io/v2", want: Registry{Scheme: "https", Host: "ghcr.io"}},
	{in: "https://ghcr.io/", want: Registry{Scheme: "https", Host: "ghcr.io"}},
	{in: "https://ghcr.io", want: Registry{Scheme: "https", Host: "ghcr.io"}},
	{in: "ghcr.io", want: Registry{Scheme: "https", Host: "ghcr.io"}},
	{in: "ghcr.io:8443", want: Registry{Scheme: "https", Host: "ghcr.io:8443"}},
	{in: "ghcr.io:443", want: Registry{Scheme: "https", Host: "ghcr.io"}},
	{in: "https://ghcr.io:443/v2/", want: Registry{Scheme: "https", Host: "ghcr.io"}},
	{in: "http://ghcr.io:443", want: Registry{Scheme: "http", Host: "ghcr.io:443"}},
	{in: "http://ghcr.io:80/p/v2/", want: Registry{Scheme: "http", Host: "ghcr.io", Prefix: "/p"}},
	{in: "ghcr.io:80", want: Registry{Scheme: "https", Host: "ghcr.io:80"}},
	{in: "localhost:80", want: Registry{Scheme: "http", Host: "localhost"}},
	{in: "localhost:443", want: Registry{Scheme: "http", Host: "localhost:443"}},
	{in: "docker.io:443", want: DockerHub},
	{in: "http://ghcr.io", want: Registry{Scheme: "http", Host: "ghcr.io"}},
	{in: "https://Harbor.Example.COM/Proxy/v2/", want: Registry{Scheme: "https", Host: "harbor.example.com", Prefix: "/Proxy"}},
	{in: "https://host/some/path/v2/", want: Registry{Scheme: "https", Host: "host", Prefix: "/some/path"}},
	{in: "host/some/path", want: Registry{Scheme: "https", Host: "host", Prefix: "/some/path"}},
	{in: "https://host/v2/v2/", want: Registry{Scheme: "https", Host: "host", Prefix: "/v2"}},
	{in: "https://host/v1/v2/", want: Registry{Scheme: "https", Host: "host", Prefix: "/v1"}},
	{in: "https://host//v2//", want: Registry{Scheme: "https", Host: "host"}},
	{in: "localhost", want: Registry{Scheme: "http", Host: "localhost"}},
	{in: "LOCALHOST:5000", want: Registry{Scheme: "http", Host: "localhost:5000"}},
	{in: "https://localhost:5000", want: Registry{Scheme: "https", Host: "localhost:5000"}},
	{in: "127.0.0.1:5000", want: Registry{Scheme: "http", Host: "127.0.0.1:5000"}},
	{in: "127.8.9.1", want: Registry{Scheme: "http", Host: "127.8.9.1"}},
	{in: "128.0.0.1", want: Registry{Scheme: "https", Host: "128.0.0.1"}},
	{in: "localhost.example.com", want: Registry{Scheme: "https", Host: "localhost.example.com"}},
	{in: "[::1]:5000", want: Registry{Scheme: "http", Host: "[::1]:5000"}},
	{in: "[2001:DB8::1]", want: Registry{Scheme: "https", Host: "[2001:db8::1]"}},

	{in: "", err: `registry: missing host, expected https://HOST[:PORT]/v2/`},
	{in: "https://", err: `registry "https://": missing host, expected https://HOST[:PORT]/v2/`},
	{in: "/v2/", err: `registry "/v2/": missing host, expected https://HOST[:PORT]/v2/`},
	{in: "ftp://host", err: `registry "ftp://host": scheme is neither http nor https, expected https://HOST[:PORT]/v2/`},
	{in: "https://user:hunter2@host/v2/", err: `registry: address must not contain a user name, query or fragment: pass credentials with their own flags or variables`},
	{in: "user:hunter2@host", err: `registry: address must not contain a user name, query or fragment: pass credentials with their own flags or variables`},
	// The user name is checked before the scheme, whose error quotes the address.
	{in: "ftp://user:hunter2@host", err: `registry: address must not contain a user name, query or fragment: pass credentials with their own flags or variables`},
	{in: "https://host/v2/?token=hunter2", err: `registry: address must not contain a user name, query or fragment: pass credentials with their own flags or variables`},
	{in: "https://host/#x", err: `registry: address must not contain a user name, query or fragment: pass credentials with their own flags or variables`},
	{in: "https://host/v1/", err: `registry "https://host/v1/": version 1 of the registry API is not supported, expected https://HOST[:PORT]/v2/`},
	{in: "https://docker.io/library/", err: `registry "https://docker.io/library/": Docker Hub has no path before /v2/, expected https://HOST[:PORT]/v2/`},
	{in: "https://host/../v2/", err: `registry "https://host/../v2/": invalid path, expected https://HOST[:PORT]/v2/`},
	{in: "https://host/a//b/v2/", err: `registry "https://host/a//b/v2/": invalid path, expected https://HOST[:PORT]/v2/`},
	{in: "https://host/a%2fb/", err: `registry "https://host/a%2fb/": invalid path, expected https://HOST[:PORT]/v2/`},
	{in: `https://host/"${x}`, err: `registry "https://host/\"${x}": invalid path, expected https://HOST[:PORT]/v2/`},
	{in: "-host", err: `registry "-host": "-host" is not a valid host name, expected https://HOST[:PORT]/v2/`},
	{in: "ho st", err: `registry "ho st": "ho st" is not a valid host name, expected https://HOST[:PORT]/v2/`},
	{in: "host\n", err: `registry "host\n": "host\n" is not a valid host name, expected https://HOST[:PORT]/v2/`},
	{in: "host:", err: `registry "host:": "host:" is not a valid host name, expected https://HOST[:PORT]/v2/`},
	{in: "host:0", err: `registry "host:0": 0 is not a valid port, expected https://HOST[:PORT]/v2/`},
	{in: "host:65536", err: `registry "host:65536": 65536 is not a valid port, expected https://HOST[:PORT]/v2/`},
	{in: "::1", err: `registry "::1": "::1" is not a valid host name, expected https://HOST[:PORT]/v2/`},
	{in: "[::1", err: `registry "[::1": "[::1" is not a valid host name, expected https://HOST[:PORT]/v2/`},
	{in: "[::g]", err: `registry "[::g]": "[::g]" is not a valid host name, expected https://HOST[:PORT]/v2/`},
	{in: "[1:2]", err: `registry "[1:2]": [1:2] is not a valid IPv6 address, expected https://HOST[:PORT]/v2/`},
	{in: "[fe80::1%eth0]", err: `registry "[fe80::1%eth0]": "[fe80::1%eth0]" is not a valid host name, expected https://HOST[:PORT]/v2/`},
}

func TestParseRegistry(t *testing.T) {
	for _, tt := range parseRegistryTests {
		t.Run(tt.in, func(t *testing.T) {
			got, err := ParseRegistry(tt.in)
			checkError(t, err, tt.err)
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if err == nil {
				checkRegistry(t, got)
			}
		})
	}
}

// checkRegistry checks properties of every parsed registry: it round-trips, and its
// address consists of a scheme, a host and a clean path.
func checkRegistry(t *testing.T, r Registry) {
	t.Helper()
	again, err := ParseRegistry(r.String())
	if err != nil || again != r {
		t.Errorf("%+v prints as %s, which is read as %+v, %v", r, r, again, err)
	}
	u, err := url.Parse(r.String())
	if err != nil {
		t.Fatalf("%+v prints as no URL: %v", r, err)
	}
	want := url.URL{Scheme: r.Scheme, Host: strings.ToLower(r.Host), Path: r.Prefix + "/v2/"}
	if *u != want || r.Scheme != "http" && r.Scheme != "https" || u.Hostname() == "" {
		t.Errorf("%+v prints as %#v, want %#v", r, *u, want)
	}
	if clean := u.JoinPath().Path; clean != u.Path {
		t.Errorf("path %s is not clean, want %s", u.Path, clean)
	}
}

func FuzzParseRegistry(f *testing.F) {
	for _, tt := range parseRegistryTests {
		f.Add(tt.in)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRegistry(s)
		if err == nil {
			checkRegistry(t, r)
			return
		}
		var input *InputError
		if r != (Registry{}) || !errors.As(err, &input) {
			t.Errorf("%q: got %+v and %T", s, r, err)
		}
		if strings.Contains(s, "hunter2@") && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: the error contains the password: %v", s, err)
		}
	})
}
