package fetcher

import (
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"hocker/fetcher/content"
	"hocker/fetcher/reference"
)

// noProxies unsets the proxy variables of the environment.
func noProxies(t *testing.T) {
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"} {
		t.Setenv(name, "")
		t.Setenv(strings.ToLower(name), "")
	}
}

var environmentProxyTests = []struct {
	name string
	env  map[string]string
	url  string
	want string
	err  string
}{
	{name: "none", url: "https://h.example/"},
	{name: "empty", env: map[string]string{"ALL_PROXY": "", "all_proxy": ""}, url: "https://h.example/"},
	{name: "all, https", env: map[string]string{"ALL_PROXY": "http://p.example:3128"}, url: "https://h.example/", want: "http://p.example:3128"},
	{name: "all, http", env: map[string]string{"all_proxy": "p.example:3128"}, url: "http://h.example/", want: "http://p.example:3128"},
	{name: "socks5", env: map[string]string{"all_proxy": "socks5://me:hunter2@p.example"}, url: "https://h.example/", want: "socks5://me:hunter2@p.example"},
	{name: "socks5h", env: map[string]string{"all_proxy": "socks5h://p.example:1080"}, url: "https://h.example/", want: "socks5h://p.example:1080"},
	{name: "the variable of the scheme wins", env: map[string]string{"ALL_PROXY": "socks5://a.example", "https_proxy": "https://p.example"}, url: "https://h.example/", want: "https://p.example"},
	{name: "variable of another scheme", env: map[string]string{"ALL_PROXY": "socks5://a.example", "https_proxy": "https://p.example"}, url: "http://h.example/", want: "socks5://a.example"},
	{name: "NO_PROXY", env: map[string]string{"ALL_PROXY": "socks5://a.example", "no_proxy": "x.example,.h.example,h.example"}, url: "https://h.example/"},
	{name: "NO_PROXY=*", env: map[string]string{"ALL_PROXY": "socks5://a.example", "NO_PROXY": "*"}, url: "https://h.example/"},
	{name: "loopback", env: map[string]string{"ALL_PROXY": "socks5://a.example"}, url: "https://127.0.0.1/"},
	{name: "unsupported scheme", env: map[string]string{"all_proxy": "socks4://me:hunter2@a.example"}, url: "https://h.example/",
		err: "all_proxy: not a proxy address, expected http://HOST:PORT, https://, socks5:// or socks5h://"},
	{name: "malformed", env: map[string]string{"HTTPS_PROXY": "http://me:hunter2@[::1"}, url: "https://h.example/",
		err: "HTTPS_PROXY: not a proxy address, expected http://HOST:PORT, https://, socks5:// or socks5h://"},
	{name: "malformed for another scheme", env: map[string]string{"HTTP_PROXY": "http://[::1"}, url: "https://h.example/"},
	{name: "malformed and excluded", env: map[string]string{"ALL_PROXY": "http://[::1", "NO_PROXY": "h.example"}, url: "https://h.example/"},
}

func TestEnvironmentProxy(t *testing.T) {
	for _, tt := range environmentProxyTests {
		t.Run(tt.name, func(t *testing.T) {
			noProxies(t)
			for name, value := range tt.env {
				t.Setenv(name, value)
			}
			req, err := http.NewRequest("GET", tt.url, nil)
			if err != nil {
				t.Fatal(err)
			}
			got, err := environmentProxy()(req)
			if tt.err != "" {
				checkError(t, err, tt.err)
				return
			}
			if err != nil || got == nil && tt.want != "" || got != nil && got.String() != tt.want {
				t.Errorf("got %v, %v, want %q", got, err, tt.want)
			}
		})
	}
}

// far is a repository that can be reached only through a proxy.
func far(scheme string) reference.Repository {
	return reference.Repository{Registry: reference.Registry{Scheme: scheme, Host: "registry.invalid"}, Path: "org/app"}
}

// httpProxy is a proxy with a password. It connects to one server, whatever host is
// requested.
type httpProxy struct {
	to       *server
	password string
}

func (p httpProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte("me:"+p.password))
	switch {
	case p.password != "" && r.Header.Get("Proxy-Authorization") != want:
		http.Error(w, "who are you?", http.StatusProxyAuthRequired)
	case r.Method != http.MethodConnect:
		p.to.Config.Handler.ServeHTTP(w, r)
	default:
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
		connect(conn, p.to.host())
	}
}

// connect relays a connection to a host.
func connect(conn net.Conn, host string) {
	defer conn.Close()
	onward, err := net.Dial("tcp", host)
	if err != nil {
		return
	}
	defer onward.Close()
	var both sync.WaitGroup
	both.Go(func() { io.Copy(onward, conn); onward.Close() })
	both.Go(func() { io.Copy(conn, onward); conn.Close() })
	both.Wait()
}

func TestHTTPProxy(t *testing.T) {
	tests := []struct {
		name, scheme, login string
		failure
	}{
		{name: "http", scheme: "http", login: "me:hunter2@"},
		{name: "https", scheme: "https", login: "me:hunter2@"},
		{name: "http, wrong password", scheme: "http", login: "me:hunter3@", failure: failure{kind: content.ErrUnavailable, text: "the proxy http://PROXY answered 407 Proxy Authentication Required"}},
		{name: "https, wrong password", scheme: "https", login: "me:hunter3@", failure: failure{kind: content.ErrUnavailable, text: "the proxy http://PROXY answered 407 Proxy Authentication Required"}},
		{name: "https, no password", scheme: "https", failure: failure{kind: content.ErrUnavailable, text: "the proxy http://PROXY answered 407 Proxy Authentication Required"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			noProxies(t)
			s := startTLSServer(t, hello)
			proxy := startServer(t, httpProxy{s, "hunter2"})
			t.Setenv("ALL_PROXY", "http://"+tt.login+proxy.host())
			c := &Client{
				Transport: NewTransport(TransportOptions{Insecure: true}),
				Notice:    func(line string) { t.Errorf("tried again: %s", line) },
			}
			got, err := fetchHello(t, c, far(tt.scheme))
			checkProxied(t, got, err, tt.failure, tt.scheme, proxy.host())
		})
	}
}

// checkProxied checks a fetch from far. PROXY in want stands for the proxy's host.
func checkProxied(t *testing.T, got string, err error, want failure, scheme, proxy string) {
	t.Helper()
	if want.text != "" {
		want.text = "blob of registry.invalid/org/app@" + string(helloDigest) + ": GET " + scheme + "://registry.invalid/v2/org/app/blobs/" + string(helloDigest) + ": " + strings.ReplaceAll(want.text, "PROXY", proxy)
	}
	want.check(t, err)
	if err == nil && got != "hello" {
		t.Errorf("got %q", got)
	}
}

func TestProxyConnectionRefused(t *testing.T) {
	closed := refusing(t).Registry.Host
	for kind, text := range map[string]string{
		"http":   "through the proxy http://PROXY: proxyconnect tcp: dial tcp PROXY: connect: connection refused",
		"socks5": "through the proxy socks5://PROXY: proxyconnect tcp: dial tcp PROXY: connect: connection refused",
	} {
		t.Run(kind, func(t *testing.T) {
			noProxies(t)
			t.Setenv("ALL_PROXY", kind+"://me:hunter2@"+closed)
			_, err := fetchHello(t, &Client{Transport: NewTransport(TransportOptions{})}, far("https"))
			checkProxied(t, "", err, failure{kind: content.ErrUnavailable, text: text}, "https", closed)
		})
	}
}

// Errors that do not come from the proxy keep their kind.
func TestErrorsBehindAProxy(t *testing.T) {
	noProxies(t)
	s := startTLSServer(t, answer{status: http.StatusNotFound})
	proxy := startServer(t, httpProxy{to: s})
	t.Setenv("ALL_PROXY", proxy.host())
	if _, err := fetchHello(t, &Client{Transport: NewTransport(TransportOptions{Insecure: true})}, far("https")); !errors.Is(err, content.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	_, err := fetchHello(t, &Client{Transport: NewTransport(TransportOptions{})}, far("https"))
	if !errors.Is(err, content.ErrUnavailable) || !strings.Contains(err.Error(), "through the proxy http://"+proxy.host()+": tls: failed to verify certificate") {
		t.Errorf("got %v", err)
	}
	plain := startServer(t, hello)
	t.Setenv("ALL_PROXY", startServer(t, httpProxy{to: plain}).host())
	if _, err := fetchHello(t, &Client{Transport: NewTransport(TransportOptions{})}, far("https")); !errors.Is(err, http.ErrSchemeMismatch) {
		t.Errorf("got %v", err)
	}
}
