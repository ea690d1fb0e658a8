package credential

import (
	"context"
	"slices"
	"strings"
	"unicode"

	"hocker/fetcher/reference"
)

// Host is a host that a secret is for.
type Host struct {
	Name      string // as Registry.Name has it: docker.io, host:5000; * for any
	PlainHTTP bool   // it was written with http://
}

// anyHost stands for the hosts of all registries that images are in.
const anyHost = "*"

// ParseHosts reads the hosts that a secret is for, separated by commas or white
// space: registry.example, host:5000, docker.io, * for any. With http:// before
// it, a host may be sent the secret over plain http. An address that ends in
// /v2/ stands for its host.
//
// Errors: *[reference.InputError].
func ParseHosts(s string) ([]Host, error) {
	if strings.Contains(s, "@") { // before it is cut up
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

// Audience says which registries a run asks, and who named them. A secret that
// has no host of its own is for some of them.
type Audience struct {
	// Named is the registry that a person named on the command line. It is the
	// host of a secret that has none. The zero value means that nobody did: the
	// registries come from a file or an expression, and a secret without a host is
	// for none of them.
	Named reference.Registry
	// Asked are the registries that the images are in. A secret for any host (*)
	// is for them, and not for their mirrors.
	Asked []reference.Registry
}

// has reports whether images are in a registry of that name.
func (a Audience) has(r reference.Registry) bool {
	return slices.ContainsFunc(a.Asked, func(asked reference.Registry) bool { return asked.Name() == r.Name() })
}

// AllowPlainHTTP lets what find finds be sent over plain http to those of the
// hosts that are written with http://.
func AllowPlainHTTP(hosts []Host, find Func) Func {
	return func(ctx context.Context, repo reference.Repository) (Credential, error) {
		c, err := find(ctx, repo)
		if !c.IsZero() && slices.Contains(hosts, Host{repo.Registry.Name(), true}) {
			c.PlainHTTP = true
		}
		return c, err
	}
}

// secret is a credential that does not say by itself which host it is for.
type secret struct {
	Credential
	origin Origin
	place  string // the variable or file
	hosts  []Host // that it is for; none: it does not say
}

// source returns the secret to the hosts that it is for.
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

// Static shows c to one registry and nothing to any other.
func Static(registry reference.Registry, c Credential) Func {
	return secret{Credential: c}.source(Audience{Named: registry})
}
