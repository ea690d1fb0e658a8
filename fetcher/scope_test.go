package fetcher

import (
	"net/netip"
	"testing"
)

var scopeTests = map[string]scope{
	"192.0.2.1": public, "8.8.8.8": public, "2001:db8::1": public, "198.18.0.1": public,
	"127.0.0.1": thisMachine, "127.255.0.9": thisMachine, "::1": thisMachine, "::": thisMachine, "0.0.0.0": thisMachine, "0.1.2.3": thisMachine,
	"::ffff:127.0.0.1": thisMachine, "64:ff9b::7f00:1": thisMachine, "::ffff:0.0.0.0": thisMachine,
	"169.254.169.254": linkLocal, "::ffff:169.254.169.254": linkLocal, "fe80::1%eth0": linkLocal, "64:ff9b::a9fe:a9fe": linkLocal, "224.0.0.1": linkLocal, "ff02::1": linkLocal, "255.255.255.255": linkLocal,
	"10.0.0.1": private, "172.31.255.1": private, "172.32.0.1": public, "192.168.1.1": private, "100.64.0.1": private, "100.128.0.1": public,
	"192.0.0.192": private, "240.0.0.1": private, "64:ff9b:1::a00:1": private, "168.63.129.16": linkLocal, "168.63.129.17": public,
	"fd00:ec2::254": private, "fec0::1": private, "::ffff:10.0.0.1": private,
}

func TestScopeOf(t *testing.T) {
	for address, want := range scopeTests {
		if got := scopeOf(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s is %v, want %v", address, got, want)
		}
	}
	for _, own := range ownAddresses() {
		if got := scopeOf(own); got != thisMachine {
			t.Errorf("%s is %v, but belongs to an interface", own, got)
		}
	}
}

func TestParseAllowedAddresses(t *testing.T) {
	got, err := ParseAllowedAddresses(" 10.0.0.7, 192.168.0.0/16,,fd00::/8 ")
	if err != nil || len(got) != 3 || got[0] != netip.MustParsePrefix("10.0.0.7/32") {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := ParseAllowedAddresses("intranet"); err == nil || err.Error() != `address "intranet": expected an IP address, or a prefix such as 10.0.0.0/8` {
		t.Error(err)
	}
}
