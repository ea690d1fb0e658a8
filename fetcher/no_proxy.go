package fetcher

import (
	"cmp"
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// noProxy is a list of hosts to be reached without a proxy, as NO_PROXY has it:
// https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config. That package would do, but
// it brings the tables of international domain names with it, which net/http has
// already: 0.2 MB of the binary.
type noProxy []string

func parseNoProxy(s string) noProxy {
	var list noProxy
	for entry := range strings.SplitSeq(s, ",") {
		if entry = strings.ToLower(strings.TrimSpace(entry)); entry != "" {
			list = append(list, entry)
		}
	}
	return list
}

// has reports whether a URL is to be reached without a proxy. Addresses on this machine
// always are.
func (list noProxy) has(u *url.URL) bool {
	host := strings.ToLower(u.Hostname())
	port := cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	address, err := netip.ParseAddr(host)
	isAddress := err == nil
	if host == "localhost" || isAddress && address.Unmap().IsLoopback() {
		return true
	}
	for _, entry := range list {
		if entry == "*" || isAddress && inNetwork(entry, address) {
			return true
		}
		name, onlyPort, err := net.SplitHostPort(entry)
		if err != nil {
			name, onlyPort = entry, ""
		}
		if (onlyPort == "" || onlyPort == port) && (isAddress && isSame(name, address) || !isAddress && isBelow(host, name)) {
			return true
		}
	}
	return false
}

// inNetwork reports whether an address is in a network such as 10.0.0.0/8.
func inNetwork(network string, address netip.Addr) bool {
	prefix, err := netip.ParsePrefix(network)
	return err == nil && prefix.Masked().Contains(address.Unmap())
}

func isSame(text string, address netip.Addr) bool {
	other, err := netip.ParseAddr(text)
	return err == nil && other.Unmap() == address.Unmap()
}

// isBelow reports whether a host is a domain or below it. With a dot or *. before the
// domain, only hosts below it are.
func isBelow(host, domain string) bool {
	domain = strings.TrimPrefix(domain, "*")
	if strings.HasPrefix(domain, ".") {
		return strings.HasSuffix(host, domain)
	}
	return domain != "" && (host == domain || strings.HasSuffix(host, "."+domain))
}
