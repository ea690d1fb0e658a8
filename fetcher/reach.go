package fetcher

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"

	"hocker/fetcher/reference"
)

// ReachError is returned if a registry leads to an address that it has no business
// with, by a redirect, a token service or the URL of a foreign layer. It matches
// [content.ErrUnreachable].
type ReachError struct {
	Address netip.Addr
	reason  string
}

func (e *ReachError) Error() string        { return e.reason }
func (e *ReachError) Is(target error) bool { return unreachable(target) }

// ParseAllowedAddresses parses a list of addresses and prefixes, separated by commas, as
// in 10.0.0.7,192.168.0.0/16.
func ParseAllowedAddresses(s string) ([]netip.Prefix, error) {
	var allowed []netip.Prefix
	for entry := range strings.SplitSeq(s, ",") {
		if entry = strings.TrimSpace(entry); entry == "" {
			continue
		}
		prefix, err := netip.ParsePrefix(entry)
		if address, addressErr := netip.ParseAddr(entry); addressErr == nil {
			prefix, err = netip.PrefixFrom(address, address.BitLen()), nil
		}
		if err != nil {
			return nil, &reference.InputError{What: "address", Value: entry, Reason: "expected an IP address, or a prefix such as 10.0.0.0/8"}
		}
		allowed = append(allowed, prefix)
	}
	return allowed, nil
}

// reach keeps a registry from leading to addresses of a narrower scope than its own:
// to the services of this machine, of its network or of its cloud. It looks at the
// address that is dialed, so that the answers of name servers cannot deceive it.
type reach struct {
	dialer  net.Dialer
	scopeOf func(netip.Addr) scope
	allowed []netip.Prefix

	mu    sync.Mutex
	found map[string]scope // of the registries that were dialed, by host:port
}

// registryScope returns the scope of a registry. One that is reached through a proxy
// has the scope that its address shows.
func (r *reach) registryScope(registry reference.Registry) scope {
	r.mu.Lock()
	defer r.mu.Unlock()
	host := hostPort(registry.Scheme, registry.Host)
	if s, ok := r.found[host]; ok {
		return s
	}
	s, _ := r.literalScope(host)
	return s
}

// literalScope returns the scope of an address that needs no name server. Other hosts
// count as public.
func (r *reach) literalScope(hostPort string) (scope, netip.Addr) {
	host, _, _ := net.SplitHostPort(strings.ToLower(hostPort))
	host = strings.TrimSuffix(host, ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return thisMachine, netip.IPv6Loopback()
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return r.scopeOf(a), a
	}
	return public, netip.Addr{}
}

// isOldAddress reports whether a host is an IPv4 address for programs that read 127.1,
// 2130706433 or 0x7f000001 as 127.0.0.1. No domain ends in a number:
// https://url.spec.whatwg.org/#ends-in-a-number-checker
func isOldAddress(hostPort string) bool {
	host, _, _ := net.SplitHostPort(hostPort)
	host = strings.TrimSuffix(host, ".")
	if _, err := netip.ParseAddr(host); err == nil {
		return false
	}
	last := strings.ToLower(host[strings.LastIndexByte(host, '.')+1:])
	return strings.HasPrefix(last, "0x") || last != "" && strings.Trim(last, "0123456789") == ""
}

// dialRegistry dials a registry or a proxy. Once a registry has shown its scope, it
// cannot move to a narrower one.
func (r *reach) dialRegistry(ctx context.Context, network, address string) (net.Conn, error) {
	r.mu.Lock()
	known, ok := r.found[address]
	r.mu.Unlock()
	if ok {
		return r.dialFrom(known)(ctx, network, address)
	}
	conn, err := r.dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if remote, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		if _, ok := r.found[address]; !ok {
			r.found[address] = r.scopeOf(remote.Addr())
		}
	}
	return conn, nil
}

// dialFrom returns a function that dials where a registry of a scope may lead.
func (r *reach) dialFrom(from scope) func(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := r.dialer
	dialer.Control = func(_, address string, _ syscall.RawConn) error {
		remote, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		return r.check(from, r.scopeOf(remote.Addr()), remote.Addr())
	}
	return dialer.DialContext
}

func (r *reach) check(from, to scope, address netip.Addr) error {
	if from.leadsTo(to) || slices.ContainsFunc(r.allowed, func(p netip.Prefix) bool { return p.Contains(bare(address)) }) {
		return nil
	}
	return &ReachError{address, fmt.Sprintf("the registry has %s and leads to %s: not followed", from, to)}
}

// hostPort returns the host and port that a URL with this scheme and host is dialed at.
func hostPort(scheme, host string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	port := "80"
	if scheme == "https" {
		port = "443"
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), port)
}

// ledBy marks the requests that a registry leads to, and those to the registry itself,
// for [Transport].
type ledBy struct {
	base     http.RoundTripper
	registry reference.Registry
}

// ledByKey is the context key of the registry.
type ledByKey struct{}

func (t ledBy) RoundTrip(req *http.Request) (*http.Response, error) {
	return t.base.RoundTrip(req.WithContext(context.WithValue(req.Context(), ledByKey{}, t.registry)))
}
