package fetcher

import (
	"fmt"
	"net/http"
	"sync"

	"hocker/fetcher/reference"
)

// confined is a transport for registries, and one for each scope that leads to other
// servers. They share no connections: one that was allowed to one registry is not
// reused for another.
type confined struct {
	registry *http.Transport
	others   [thisMachine + 1]func() *http.Transport // by the scope of the registry
}

// confine returns t with the restrictions of r.
func (r *reach) confine(t *http.Transport) confined {
	t.DialContext = r.dialRegistry
	c := confined{registry: t}
	for from := range c.others {
		c.others[from] = sync.OnceValue(func() *http.Transport {
			other := t.Clone()
			other.Proxy = nil // route has looked
			other.DialContext = r.dialFrom(scope(from))
			return other
		})
	}
	return c
}

// route returns the transport for a request. A proxy connects by itself, so only an
// address of this machine or of its link in the URL can be recognized.
func (r *reach) route(c confined, req *http.Request) (*http.Transport, error) {
	registry, ok := req.Context().Value(ledByKey{}).(reference.Registry)
	address := hostPort(req.URL.Scheme, req.URL.Host)
	if !ok || address == hostPort(registry.Scheme, registry.Host) {
		return c.registry, nil
	}
	from := r.registryScope(registry)
	proxy, err := c.registry.Proxy(req)
	if proxy == nil && err == nil {
		return c.others[from](), nil
	}
	if isOldAddress(address) {
		return nil, &ReachError{reason: fmt.Sprintf("the registry leads to %.100q, which may be any address: not followed", req.URL.Hostname())}
	}
	if to, literal := r.literalScope(address); to > private {
		return c.registry, r.check(from, to, literal)
	}
	return c.registry, nil
}
