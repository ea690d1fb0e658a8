package fetcher

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"hocker/fetcher/bounded"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// TransportOptions configures a [Transport]. The zero value suits public
// registries.
type TransportOptions struct {
	// Roots returns the CA roots to trust. It is called once, before the first https
	// request. A nil func or pool means the system's roots, or Mozilla's as of this
	// build if the system has none.
	Roots func() *x509.CertPool
	// Insecure turns off the verification of certificates.
	Insecure bool
	// ConnectTimeout limits the time to connect, and then the time of the TLS
	// handshake; 0 means 10 s.
	ConnectTimeout time.Duration
	// AnswerTimeout limits the wait for the header of a response; 0 means 30 s.
	// For the body, see Client.Stall.
	AnswerTimeout time.Duration
	// Allow lists addresses that every registry may lead to. By default a registry
	// leads to public addresses, and to those of its own kind: private, link-local or
	// of this machine. A registry on this machine may lead anywhere.
	Allow []netip.Prefix
}

// MaxIdleConnections is the number of idle connections kept for each host. That
// many concurrent fetches need no new handshakes.
const MaxIdleConnections = 64

// maxHeader limits the header of a response, in bytes. Clients and servers agree on less:
// curl takes 300 kB, nginx passes on a few pages.
const maxHeader = 1 << 20

// NewTransport returns a transport that uses the proxies of the environment
// (HTTP_PROXY, HTTPS_PROXY, else ALL_PROXY; NO_PROXY), and HTTP/2 where offered. It
// does not decompress: digests are of the bytes as they are sent.
func NewTransport(o TransportOptions) *Transport {
	r := &reach{dialer: o.dialer(), scopeOf: scopeOf, allowed: o.Allow, found: map[string]scope{}}
	return &Transport{
		reach: r,
		plain: r.confine(newHTTPTransport(o)),
		secure: sync.OnceValue(func() confined {
			t := newHTTPTransport(o)
			t.TLSClientConfig.RootCAs = o.roots()
			return r.confine(t)
		}),
	}
}

// Transport is an [http.RoundTripper] that reuses connections. It loads CA roots
// only for the first https request: that takes longer than fetching a small blob.
type Transport struct {
	reach  *reach
	plain  confined
	secure func() confined
}

// RoundTrip implements [http.RoundTripper].
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	c := t.plain
	if req.URL.Scheme == "https" {
		c = t.secure()
	}
	transport, err := t.reach.route(c, req)
	if err != nil {
		return nil, err
	}
	return proxiedTransport{transport}.RoundTrip(req)
}

// Separate returns a transport with the same options that uses a separate
// connection for each concurrent request.
func (t *Transport) Separate() *Transport {
	return &Transport{
		reach:  t.reach,
		plain:  t.reach.confine(separateConnections(t.plain.registry)),
		secure: sync.OnceValue(func() confined { return t.reach.confine(separateConnections(t.secure().registry)) }),
	}
}

func newHTTPTransport(o TransportOptions) *http.Transport {
	dialer := o.dialer()
	answerTimeout := cmp.Or(o.AnswerTimeout, 30*time.Second)
	return &http.Transport{
		Proxy:                  environmentProxy(),
		OnProxyConnectResponse: proxyConnected,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{InsecureSkipVerify: o.Insecure, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    dialer.Timeout,
		ResponseHeaderTimeout:  answerTimeout,
		MaxResponseHeaderBytes: maxHeader,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true,
		MaxIdleConnsPerHost:    MaxIdleConnections,
		IdleConnTimeout:        90 * time.Second,
		ReadBufferSize:         64 << 10,
	}
}

func (o TransportOptions) dialer() net.Dialer {
	return net.Dialer{Timeout: cmp.Or(o.ConnectTimeout, 10*time.Second), KeepAlive: 30 * time.Second}
}

// separateConnections returns a copy of t without HTTP/2, which would multiplex
// concurrent requests over one connection. That gains nothing from a server that
// throttles each connection.
func separateConnections(t *http.Transport) *http.Transport {
	separate := t.Clone()
	separate.ForceAttemptHTTP2 = false
	separate.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	// Clone may have added h2, which this transport no longer supports.
	if separate.TLSClientConfig != nil {
		separate.TLSClientConfig.NextProtos = []string{"http/1.1"}
	}
	return separate
}

// roots returns the CA roots to trust, or nil for the system's.
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

// bundledRoots returns Mozilla's CA roots, for machines and sandboxes without any.
func bundledRoots() *x509.CertPool {
	pool := x509.NewCertPool()
	for root := range bundle.Roots() {
		cert, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			panic(err) // the bundle is compiled in
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

// maxRoots limits the size of a file with CA certificates, in bytes. Mozilla's list has
// less than a quarter of a megabyte.
const maxRoots = 16 << 20

func appendRoots(pool *x509.CertPool, path string) error {
	pem, err := bounded.ReadFile(context.Background(), path, maxRoots, "CA certificates") // callers that cannot wait do not
	if err != nil {
		return fmt.Errorf("CA file: %w", err)
	}
	if !pool.AppendCertsFromPEM(pem) {
		return fmt.Errorf("CA file %s: it contains no PEM certificate", path)
	}
	return nil
}
