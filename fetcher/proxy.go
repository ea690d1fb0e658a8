package fetcher

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"hocker/fetcher/reference"
)

// ProxyError is returned if a request through a proxy fails. It wraps the cause.
// It matches [content.ErrUnreachable] if the proxy itself refused the request.
type ProxyError struct {
	Proxy  string // URL without user information
	Status int    // of the proxy's own response, or 0
	Err    error  // nil if Status is set
}

func (e *ProxyError) Error() string {
	if e.Status != 0 {
		return fmt.Sprintf("the proxy %s answered %d %s", e.Proxy, e.Status, http.StatusText(e.Status))
	}
	return fmt.Sprintf("through the proxy %s: %v", e.Proxy, e.Err)
}

func (e *ProxyError) Unwrap() error        { return e.Err }
func (e *ProxyError) Is(target error) bool { return e.Status != 0 && unreachable(target) }

// proxySetting is an environment variable that names a proxy.
type proxySetting struct{ variable, address string }

// proxyOf returns the first of these variables that is set. An empty one counts as
// unset: Nix passes unset impureEnvVars as empty.
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

// url returns the proxy's URL, or an error unless net/http supports its scheme.
func (s proxySetting) url() (*url.URL, error) {
	address := s.address
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err == nil && u.Hostname() != "" {
		switch u.Scheme {
		case "http", "https", "socks5", "socks5h":
			return u, nil
		}
	}
	// The address may hold a password, so the error does not quote it.
	return nil, &reference.InputError{What: s.variable, Reason: "not a proxy address, expected http://HOST:PORT, https://, socks5:// or socks5h://"}
}

// environmentProxy returns a function that finds the proxy of a request, as
// [http.ProxyFromEnvironment] does, with ALL_PROXY as the fallback.
func environmentProxy() func(*http.Request) (*url.URL, error) {
	proxies, broken := map[string]*url.URL{}, map[string]error{}
	for scheme, setting := range map[string]proxySetting{
		"http":  proxyOf("HTTP_PROXY", "ALL_PROXY"),
		"https": proxyOf("HTTPS_PROXY", "ALL_PROXY"),
	} {
		if setting.address != "" {
			proxies[scheme], broken[scheme] = setting.url()
		}
	}
	// A CGI program has a request's header Proxy as HTTP_PROXY.
	if os.Getenv("REQUEST_METHOD") != "" && proxies["http"] != nil {
		broken["http"] = errors.New("HTTP_PROXY is not used in a CGI program: https://golang.org/s/cgihttpproxy")
	}
	direct := parseNoProxy(proxyOf("NO_PROXY").address)
	return func(req *http.Request) (*url.URL, error) {
		scheme := req.URL.Scheme
		if proxies[scheme] == nil && broken[scheme] == nil || direct.has(req.URL) {
			return nil, nil
		}
		return proxies[scheme], broken[scheme]
	}
}

// proxyConnected checks a proxy's response to CONNECT.
func proxyConnected(_ context.Context, proxy *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	return &ProxyError{Proxy: bareProxy(proxy), Status: resp.StatusCode}
}

// bareProxy formats a proxy's URL without user information.
func bareProxy(u *url.URL) string {
	return (&url.URL{Scheme: cmp.Or(u.Scheme, "http"), Host: u.Host}).String()
}

// proxiedTransport wraps errors of requests through a proxy in a [ProxyError].
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
	case err == nil: // over plain http, net/http returns the proxy's 407 as the response
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
