package fetcher

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"hocker/fetcher/content"
	"hocker/fetcher/reference"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/net/dns/dnsmessage"
)

// The tests take these loopback addresses, which Linux has, for those of other scopes.
var scopeHosts = map[scope]string{public: "127.0.0.1", private: "127.0.0.2", linkLocal: "127.0.0.3", thisMachine: "127.0.0.4"}

func testScope(a netip.Addr) scope {
	for s, host := range scopeHosts {
		if a == netip.MustParseAddr(host) {
			return s
		}
	}
	return thisMachine
}

// startAt starts a server at an address, with any port or the given one.
func startAt(t *testing.T, address string, handler http.Handler) *server {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{}
	s.Server = httptest.NewUnstartedServer(s.noting(handler))
	s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// leads are the ways in which a registry leads elsewhere. Each fetches the content hello
// from a registry that leads to url.
var leads = map[string]func(t *testing.T, c *Client, at, url string) (string, error){
	"redirect": func(t *testing.T, c *Client, at, url string) (string, error) {
		return fetchHello(t, c, startAt(t, at, redirect(url+"/blob")).app(t))
	},
	"token service": func(t *testing.T, c *Client, at, url string) (string, error) {
		return fetchHello(t, c, startAt(t, at, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") == "" {
				challenge(`Bearer realm="`+url+`/token"`).ServeHTTP(w, r)
				return
			}
			hello.ServeHTTP(w, r)
		})).app(t))
	},
	"foreign layer": func(t *testing.T, c *Client, at, url string) (string, error) {
		repo := startAt(t, at, hello).app(t)
		if got, err := fetchHello(t, c, repo); err != nil || got != "hello" {
			t.Errorf("the registry itself: %q, %v", got, err)
		}
		c.Foreign = true
		var w strings.Builder
		_, err := copyBlob(t, c, repo, ocispec.Descriptor{MediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", Digest: helloDigest, Size: 5, URLs: []string{url + "/blob"}}, &w)
		return w.String(), err
	},
}

// target serves what every lead asks for.
var target = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/token") {
		answer{body: `{"token":"t0ken"}`}.ServeHTTP(w, r)
		return
	}
	hello.ServeHTTP(w, r)
})

func newReachClient(options TransportOptions) (*Client, *Transport) {
	transport := NewTransport(options)
	transport.reach.scopeOf = testScope
	return &Client{Transport: transport, RangeTransport: transport.Separate()}, transport
}

func TestReach(t *testing.T) {
	noProxies(t)
	for lead, fetch := range leads {
		for from, at := range scopeHosts {
			for to, host := range scopeHosts {
				t.Run(lead+" from "+from.String()+" to "+to.String(), func(t *testing.T) {
					other := startAt(t, host+":0", target)
					c, _ := newReachClient(TransportOptions{})
					c.Notice = func(line string) { t.Errorf("tried again: %s", line) }
					got, err := fetch(t, c, at+":0", other.URL)
					if to == public || to == from || from == thisMachine {
						if err != nil || got != "hello" {
							t.Errorf("got %q, %v", got, err)
						}
						return
					}
					text := "the registry has " + from.String() + " and leads to " + to.String() + ": not followed"
					if !errors.As(err, new(*ReachError)) || !errors.Is(err, content.ErrUnreachable) || !strings.HasSuffix(err.Error(), text) {
						t.Errorf("got %v, want … %s", err, text)
					}
					if asked := other.asked(); len(asked) != 0 {
						t.Errorf("it was asked for %v", asked[0].URL)
					}
				})
			}
		}
	}
}

// A connection that one registry may use is not reused for another registry.
func TestReachWithOpenConnections(t *testing.T) {
	noProxies(t)
	local := startAt(t, scopeHosts[thisMachine]+":0", hello)
	far := startAt(t, scopeHosts[public]+":0", redirect(local.URL+"/blob"))
	c, _ := newReachClient(TransportOptions{})
	if _, err := fetchHello(t, c, local.app(t)); err != nil {
		t.Fatal(err)
	}
	if _, err := fetchHello(t, c, far.app(t)); !errors.As(err, new(*ReachError)) {
		t.Errorf("got %v", err)
	}
	if n := len(local.asked()); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

func TestReachAllowed(t *testing.T) {
	noProxies(t)
	other := startAt(t, scopeHosts[private]+":0", target)
	c, _ := newReachClient(TransportOptions{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.2/31")}})
	if got, err := leads["redirect"](t, c, scopeHosts[public]+":0", other.URL); err != nil || got != "hello" {
		t.Errorf("got %q, %v", got, err)
	}
}

// nameServer answers each question with the next address, and then repeats the last.
type nameServer struct {
	mu        sync.Mutex
	addresses []string
}

func (n *nameServer) next() [4]byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	a := netip.MustParseAddr(n.addresses[0]).As4()
	if len(n.addresses) > 1 {
		n.addresses = n.addresses[1:]
	}
	return a
}

// resolver returns a resolver that asks n.
func (n *nameServer) resolver(t *testing.T) *net.Resolver {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			size, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:size]) != nil || len(m.Questions) != 1 {
				continue
			}
			q := m.Questions[0]
			m.Header.Response, m.Additionals = true, nil
			if q.Type == dnsmessage.TypeA {
				m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 1}, Body: &dnsmessage.AResource{A: n.next()}}}
			}
			if answer, err := m.Pack(); err == nil {
				conn.WriteTo(answer, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// What a name server answers does not matter, only where the connection goes.
func TestReachByName(t *testing.T) {
	noProxies(t)
	other := startAt(t, scopeHosts[thisMachine]+":0", target)
	_, port, _ := net.SplitHostPort(other.host())
	c, transport := newReachClient(TransportOptions{})
	transport.reach.dialer.Resolver = (&nameServer{addresses: []string{scopeHosts[thisMachine]}}).resolver(t)
	if _, err := leads["redirect"](t, c, scopeHosts[public]+":0", "http://storage.example:"+port); !errors.As(err, new(*ReachError)) || len(other.asked()) != 0 {
		t.Errorf("got %v, %d requests", err, len(other.asked()))
	}
}

// A registry that was elsewhere cannot move to this machine.
func TestReachRebinding(t *testing.T) {
	noProxies(t)
	far := startAt(t, scopeHosts[public]+":0", answer{body: "hello", header: map[string]string{"Connection": "close"}})
	_, port, _ := net.SplitHostPort(far.host())
	near := startAt(t, scopeHosts[thisMachine]+":"+port, hello)
	c, transport := newReachClient(TransportOptions{})
	transport.reach.dialer.Resolver = (&nameServer{addresses: []string{scopeHosts[public], scopeHosts[thisMachine]}}).resolver(t)
	repo := reference.Repository{Registry: reference.Registry{Scheme: "http", Host: "registry.example:" + port}, Path: "org/app"}
	if _, err := fetchHello(t, c, repo); err != nil {
		t.Fatal(err)
	}
	if _, err := fetchHello(t, c, repo); !errors.As(err, new(*ReachError)) || len(near.asked()) != 0 {
		t.Errorf("got %v, %d requests", err, len(near.asked()))
	}
}

// Behind a proxy only addresses in URLs can be recognized. A proxy on this machine is
// no target.
func TestReachThroughAProxy(t *testing.T) {
	noProxies(t)
	for to, allowed := range map[string]bool{"http://storage.invalid": true, "http://10.0.0.1": true, "http://169.254.169.254": false, "http://127.0.0.1:1": false, "http://[::ffff:169.254.169.254]": false, "http://localhost": false,
		"http://LOCALHOST.": false, "http://a.localhost": false, "http://169.254.169.254.": false, "http://127.1": false, "http://2130706433": false, "http://0x7f.1": false, "http://0177.0.0.1.": false, "http://0x7F000001": false,
		"http://1password.example": true, "http://0x.example": true} {
		var first sync.Once
		s := startServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			redirected := false
			first.Do(func() { redirect(to+"/blob").ServeHTTP(w, r); redirected = true })
			if !redirected {
				hello.ServeHTTP(w, r)
			}
		}))
		t.Setenv("ALL_PROXY", startServer(t, httpProxy{to: s}).host())
		got, err := fetchHello(t, &Client{Transport: NewTransport(TransportOptions{})}, far("http"))
		if allowed && (err != nil || got != "hello") || !allowed && !errors.As(err, new(*ReachError)) {
			t.Errorf("to %s: %q, %v", to, got, err)
		}
	}
}
