package fetcher

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// TransportOptions says how connections are made. The zero value is right for
// public registries.
type TransportOptions struct {
	// Roots returns the authorities that may vouch for a registry. It is called
	// once, before the first connection that needs them. A nil func or pool means
	// the system's, and where it has none, Mozilla's as of this build.
	Roots func() *x509.CertPool
	// Insecure turns the check of the registry's certificate off.
	Insecure bool
	// ConnectTimeout bounds the making of a connection, and again its TLS
	// handshake; 0 means 10 s.
	ConnectTimeout time.Duration
	// AnswerTimeout bounds the wait for the beginning of an answer; 0 means
	// 30 s. A body may take as long as it likes: see Client.Stall.
	AnswerTimeout time.Duration
}

// MaxIdleConnections is how many idle connections are kept for a registry, so
// that as many fetches side by side need no new handshake.
const MaxIdleConnections = 64

// NewTransport returns a transport with the environment's proxies (HTTP_PROXY,
// HTTPS_PROXY, else ALL_PROXY; NO_PROXY), HTTP/2 where offered, and no
// decompression, since the bytes are hashed as they come.
func NewTransport(o TransportOptions) *Transport {
	return &Transport{
		plain: newHTTPTransport(o),
		secure: sync.OnceValue(func() *http.Transport {
			t := newHTTPTransport(o)
			t.TLSClientConfig.RootCAs = o.roots()
			return t
		}),
	}
}

// Transport makes connections, and shares one between requests where it can. It
// keeps what https needs until it is needed: to read a list of CA roots takes
// longer than to fetch a small blob.
type Transport struct {
	plain  *http.Transport
	secure func() *http.Transport
}

// RoundTrip implements [http.RoundTripper].
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme == "https" {
		return proxiedTransport{t.secure()}.RoundTrip(req)
	}
	return proxiedTransport{t.plain}.RoundTrip(req)
}

// Separate returns a transport of the same settings that makes a connection for
// each request under way.
func (t *Transport) Separate() *Transport {
	return &Transport{
		plain:  separateConnections(t.plain),
		secure: sync.OnceValue(func() *http.Transport { return separateConnections(t.secure()) }),
	}
}

func newHTTPTransport(o TransportOptions) *http.Transport {
	connectTimeout := cmp.Or(o.ConnectTimeout, 10*time.Second)
	answerTimeout := cmp.Or(o.AnswerTimeout, 30*time.Second)
	return &http.Transport{
		Proxy:                  environmentProxy(),
		OnProxyConnectResponse: proxyConnected,
		DialContext:            (&net.Dialer{Timeout: connectTimeout, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{InsecureSkipVerify: o.Insecure, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    connectTimeout,
		ResponseHeaderTimeout:  answerTimeout,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true,
		MaxIdleConnsPerHost:    MaxIdleConnections,
		IdleConnTimeout:        90 * time.Second,
		ReadBufferSize:         64 << 10,
	}
}

// separateConnections returns a transport that opens a connection for each
// request under way: HTTP/2 would put them all onto one, and a server that gives
// each connection a slice gives that one no more.
func separateConnections(t *http.Transport) *http.Transport {
	separate := t.Clone()
	separate.ForceAttemptHTTP2 = false
	separate.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	// Clone has put h2 there already: a server would speak what nobody understands.
	if separate.TLSClientConfig != nil {
		separate.TLSClientConfig.NextProtos = []string{"http/1.1"}
	}
	return separate
}

// roots returns the authorities, nil for the system's.
func (o TransportOptions) roots() *x509.CertPool {
	if o.Roots != nil {
		if pool := o.Roots(); pool != nil {
			return pool
		}
	}
	if system, err := x509.SystemCertPool(); err != nil || system.Equal(x509.NewCertPool()) {
		return bundledRoots()
	}
	return nil
}

// bundledRoots are Mozilla's, for machines and sandboxes that have none.
func bundledRoots() *x509.CertPool {
	pool := x509.NewCertPool()
	for root := range bundle.Roots() {
		cert, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			panic(err) // part of the program
		}
		if root.Constraint == nil {
			pool.AddCert(cert)
		} else {
			pool.AddCertWithConstraint(cert, root.Constraint)
		}
	}
	return pool
}

// AddRoots returns the system's CA roots and those in the PEM file at path.
func AddRoots(path string) (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	return pool, appendRoots(pool, path)
}

// ReadRoots returns the CA roots in the PEM file at path, and no others.
func ReadRoots(path string) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	return pool, appendRoots(pool, path)
}

func appendRoots(pool *x509.CertPool, path string) error {
	pem, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("CA file: %w", err)
	}
	if !pool.AppendCertsFromPEM(pem) {
		return fmt.Errorf("CA file %s: no certificate in PEM form in it", path)
	}
	return nil
}
