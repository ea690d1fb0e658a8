package fetcher

import (
	"net"
	"net/netip"
	"slices"
	"sync"
)

// scope says for whom an address is an address.
type scope int

const (
	public      scope = iota
	private           // of this network
	linkLocal         // of this link, such as the metadata service of a cloud
	thisMachine       // loopback, and the addresses of this machine's interfaces
)

func (s scope) String() string {
	return []string{"a public address", "a private address", "a link-local address", "this machine"}[s]
}

// leadsTo reports whether a registry may lead to an address: to public ones, and to
// those of its own scope. A registry on this machine may lead anywhere.
func (s scope) leadsTo(target scope) bool {
	return target == public || target == s || s == thisMachine
}

var (
	privatePrefixes = []netip.Prefix{
		netip.MustParsePrefix("100.64.0.0/10"),  // shared by the customers of a provider: RFC 6598
		netip.MustParsePrefix("fec0::/10"),      // site-local: RFC 3879
		netip.MustParsePrefix("192.0.0.0/24"),   // protocols of networks, and a metadata service: RFC 6890
		netip.MustParsePrefix("240.0.0.0/4"),    // reserved, and in use in clouds: RFC 1112
		netip.MustParsePrefix("64:ff9b:1::/48"), // translators of one network: RFC 8215
	}
	// The host of a virtual machine in Azure:
	// https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
	azureHost   = netip.MustParseAddr("168.63.129.16")
	thisNetwork = netip.MustParsePrefix("0.0.0.0/8") // RFC 1122; Linux connects 0.0.0.0 to itself
	broadcast   = netip.MustParseAddr("255.255.255.255")
	nat64       = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052
)

// scopeOf returns the scope of an address.
func scopeOf(a netip.Addr) scope {
	a = bare(a)
	switch {
	case a.IsLoopback(), a.IsUnspecified(), thisNetwork.Contains(a), slices.Contains(ownAddresses(), a):
		return thisMachine
	case a.IsLinkLocalUnicast(), a.IsMulticast(), a == broadcast, a == azureHost:
		return linkLocal
	case a.IsPrivate(), slices.ContainsFunc(privatePrefixes, func(p netip.Prefix) bool { return p.Contains(a) }):
		return private
	}
	return public
}

// bare returns the IPv4 address inside of an IPv6 address, and no zone.
func bare(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if nat64.Contains(a) {
		bytes := a.As16()
		return netip.AddrFrom4([4]byte(bytes[12:]))
	}
	return a
}

// ownAddresses returns the addresses of this machine's interfaces.
var ownAddresses = sync.OnceValue(func() []netip.Addr {
	var own []netip.Addr
	found, err := net.InterfaceAddrs()
	if err != nil {
		return nil // then only loopback addresses are known to be of this machine
	}
	for _, a := range found {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil {
			own = append(own, bare(prefix.Addr()))
		}
	}
	return own
})
