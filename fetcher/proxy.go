package fetcher

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"hocker/fetcher/reference"

	"golang.org/x/net/http/httpproxy"
)

// ProxyError is a request that failed on its way through a proxy. It wraps the
// cause. It is [content.ErrUnreachable] if the proxy itself refused.
type ProxyError struct {
	Proxy  string // its address, without the credentials that may be in it
	Status int    // of the proxy's own answer, 0 without one
	Err    error  // nil with a Status
}

func (e *ProxyError) Error() string {
	if e.Status != 0 {
		return fmt.Sprintf("the proxy %s answers %d %s", e.Proxy, e.Status, http.StatusText(e.Status))
	}
	return fmt.Sprintf("through the proxy %s: %v", e.Proxy, e.Err)
}

func (e *ProxyError) Unwrap() error        { return e.Err }
func (e *ProxyError) Is(target error) bool { return e.Status != 0 && unreachable(target) }

// proxySetting is the environment's word on the proxy for http or https.
type proxySetting struct{ variable, address string }

// proxyOf reads the first of these variables that is there. An empty one is not:
// Nix passes those so that are not set.
func proxyOf(variables ...string) proxySetting {
	for _, variable := range variables {
		for _, name := range []string{variable, strings.ToLower(variable)} {
			if address := os.Getenv(name); address != "" {
				return proxySetting{name, address}
			}
		}
	}
	return proxySetting{}
}

// check returns an error unless net/http knows the kind of proxy. Other than
// httpproxy, it does not take a mistake for no proxy.
func (s proxySetting) check() error {
	address := s.address
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err == nil && u.Hostname() != "" {
		switch u.Scheme {
		case "http", "https", "socks5", "socks5h":
			return nil
		}
	}
	// Not quoted: there may be a password in it.
	return &reference.InputError{What: s.variable, Reason: "it is not the address of a proxy, expected http://HOST:PORT, https://, socks5:// or socks5h://"}
}

// environmentProxy finds the proxy of a request in the environment, as
// [http.ProxyFromEnvironment] does, and in ALL_PROXY where that has none.
func environmentProxy() func(*http.Request) (*url.URL, error) {
	settings := map[string]proxySetting{
		"http":  proxyOf("HTTP_PROXY", "ALL_PROXY"),
		"https": proxyOf("HTTPS_PROXY", "ALL_PROXY"),
	}
	broken := map[string]error{}
	config := httpproxy.FromEnvironment() // NO_PROXY, and whether this is a CGI program
	for scheme, setting := range settings {
		if setting.address == "" {
			continue
		}
		if broken[scheme] = setting.check(); broken[scheme] != nil {
			settings[scheme] = proxySetting{address: "broken.invalid"}
		}
	}
	config.HTTPProxy, config.HTTPSProxy = settings["http"].address, settings["https"].address
	find := config.ProxyFunc()
	return func(req *http.Request) (*url.URL, error) {
		proxy, err := find(req.URL)
		if proxy == nil || err != nil {
			return nil, err // none, or one for others only
		}
		return proxy, broken[req.URL.Scheme]
	}
}

// proxyConnected looks at a proxy's answer to CONNECT.
func proxyConnected(_ context.Context, proxy *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	return &ProxyError{Proxy: bareProxy(proxy), Status: resp.StatusCode}
}

// bareProxy prints a proxy's address without credentials.
func bareProxy(u *url.URL) string {
	return (&url.URL{Scheme: cmp.Or(u.Scheme, "http"), Host: u.Host}).String()
}

// proxiedTransport names the proxy in what goes wrong on the way through one.
type proxiedTransport struct{ *http.Transport }

func (t proxiedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.Transport.RoundTrip(req)
	if err == nil && resp.StatusCode != http.StatusProxyAuthRequired {
		return resp, nil
	}
	proxy := t.proxyOf(req)
	switch {
	case proxy == nil:
		return resp, err
	case err == nil: // in plain http, a proxy's own answer looks like the registry's
		resp.Body.Close()
		return nil, &ProxyError{Proxy: bareProxy(proxy), Status: resp.StatusCode}
	case req.Context().Err() != nil:
		return nil, err
	}
	switch err.(type) {
	case *ProxyError, tls.RecordHeaderError: // http.Client looks for the latter itself
		return nil, err
	}
	return nil, &ProxyError{Proxy: bareProxy(proxy), Err: err}
}

func (t proxiedTransport) proxyOf(req *http.Request) *url.URL {
	if t.Proxy == nil {
		return nil
	}
	proxy, err := t.Proxy(req)
	if err != nil {
		return nil
	}
	return proxy
}
