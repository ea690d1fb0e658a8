package credential

import (
	"context"
	"slices"
	"strings"
	"unicode"

	"hocker/fetcher/reference"
)

// Host is a host that may receive a secret.
type Host struct {
	Name      string // as in Registry.Name: docker.io, host:5000; * for any
	PlainHTTP bool   // it was written with http://
}

// anyHost matches the hosts of all registries in [Audience.Asked].
const anyHost = "*"

// ParseHosts parses hosts separated by commas or white space: registry.example,
// host:5000, docker.io, or * for any. A host with http:// before it may receive the
// secret over plain http. The address of a registry, ending in /v2/, means its host.
//
// Errors: *[reference.InputError].
func ParseHosts(s string) ([]Host, error) {
	if strings.Contains(s, "@") { // before splitting, which could cut a password in two
		return nil, reference.UserError("registry")
	}
	var hosts []Host
	for _, entry := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
		if entry == anyHost {
			hosts = append(hosts, Host{Name: anyHost})
			continue
		}
		registry, err := reference.ParseRegistry(entry)
		if err != nil {
			return nil, err
		}
		hosts = append(hosts, Host{registry.Name(), strings.HasPrefix(entry, "http://")})
	}
	return hosts, nil
}

// Audience is the set of registries that may receive a secret without a host of its
// own.
type Audience struct {
	// Named is the registry that the user named on the command line. It receives
	// secrets without a host. The zero value means that the registries come from a
	// file or an expression: such secrets are then withheld.
	Named reference.Registry
	// Asked lists the registries of the images. They receive secrets for any host
	// (*); their mirrors do not.
	Asked []reference.Registry
}

// has reports whether a registry of the same name is in a.Asked.
func (a Audience) has(r reference.Registry) bool {
	return slices.ContainsFunc(a.Asked, func(asked reference.Registry) bool { return asked.Name() == r.Name() })
}

// AllowPlainHTTP returns find with [Credential.PlainHTTP] set for the hosts that are
// written with http://.
func AllowPlainHTTP(hosts []Host, find Func) Func {
	return func(ctx context.Context, repo reference.Repository) (Credential, error) {
		c, err := find(ctx, repo)
		if !c.IsZero() && slices.Contains(hosts, Host{repo.Registry.Name(), true}) {
			c.PlainHTTP = true
		}
		return c, err
	}
}

// secret is a credential from a source that does not tie it to a host.
type secret struct {
	Credential
	origin Origin
	place  string // the variable or file
	hosts  []Host // that may receive it; empty if the source names none
}

// source returns the secret for its hosts, and nothing for others.
func (s secret) source(audience Audience) Func {
	return AllowPlainHTTP(s.hosts, func(_ context.Context, repo reference.Repository) (Credential, error) {
		r := repo.Registry
		switch {
		case len(s.hosts) > 0:
			for _, h := range s.hosts {
				if h.Name == r.Name() || h.Name == anyHost && audience.has(r) {
					return s.Credential, nil
				}
			}
		case audience.Named.Name() == r.Name():
			return s.Credential, nil
		case audience.Named == reference.Registry{} && audience.has(r):
			return Credential{}, &WithheldError{Registry: r, Origin: s.origin, Place: s.place}
		}
		return Credential{}, nil
	})
}

// Static returns c for one registry, and nothing for others.
func Static(registry reference.Registry, c Credential) Func {
	return secret{Credential: c}.source(Audience{Named: registry})
}
