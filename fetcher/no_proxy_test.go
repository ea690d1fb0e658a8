package fetcher

import (
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/http/httpproxy"
)

var noProxyTests = []struct {
	list, url string
	want      bool
}{
	{"", "https://h.example/", false},
	{"", "https://localhost:5000/", true},
	{"", "http://127.8.9.1/", true},
	{"", "http://[::1]:5000/", true},
	{"*", "https://h.example/", true},
	{" x.example , H.example ", "https://h.example/", true},
	{"h.example", "https://a.h.example/", true},
	{"h.example", "https://ah.example/", false},
	{".h.example", "https://h.example/", false},
	{"*.h.example", "https://a.h.example/", true},
	{"h.example:443", "https://h.example/", true},
	{"h.example:80", "https://h.example/", false},
	{"h.example:5000", "http://h.example:5000/", true},
	{"10.0.0.0/8", "http://10.1.2.3/", true},
	{"10.0.0.0/8", "http://11.1.2.3/", false},
	{"10.1.2.3:5000", "http://10.1.2.3:5000/", true},
	{"10.1.2.3:5000", "http://10.1.2.3/", false},
	{"fd00::/8", "http://[fd00::1]/", true},
	{"[fd00::1]:80", "http://[fd00::1]/", true},
	{"fd00::1", "http://[fd00::1]/", true},
	{":80", "http://h.example/", false},
	{"3", "http://10.1.2.3/", false},
}

func TestNoProxy(t *testing.T) {
	for _, tt := range noProxyTests {
		u, err := url.Parse(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		if got := parseNoProxy(tt.list).has(u); got != tt.want {
			t.Errorf("%q, %s: got %t", tt.list, tt.url, got)
		}
		if got := goSkipsProxy(tt.list, u); got != tt.want {
			t.Errorf("%q, %s: Go says %t", tt.list, tt.url, got)
		}
	}
}

// goSkipsProxy reports whether programs in Go reach a URL without a proxy.
func goSkipsProxy(list string, u *url.URL) bool {
	config := httpproxy.Config{HTTPProxy: "p.invalid", HTTPSProxy: "p.invalid", NoProxy: list}
	proxy, err := config.ProxyFunc()(u)
	return err == nil && proxy == nil
}

func notASCII(r rune) bool { return r > '~' || r == '%' }

// isHost reports whether a registry can have this host: an address without a zone, or a
// name.
func isHost(host string) bool {
	if address, err := netip.ParseAddr(host); err == nil {
		return address.Zone() == ""
	}
	return regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?$`).MatchString(host)
}

// A list means the same as in other programs in Go.
func FuzzNoProxy(f *testing.F) {
	for _, tt := range noProxyTests {
		f.Add(tt.list, tt.url)
	}
	f.Fuzz(func(t *testing.T, list, address string) {
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || !isHost(u.Hostname()) || strings.ContainsFunc(list, notASCII) {
			return
		}
		if got, want := parseNoProxy(list).has(u), goSkipsProxy(list, u); got != want {
			t.Errorf("%q, %s: got %t, want %t", list, u, got, want)
		}
	})
}
