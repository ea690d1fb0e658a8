package fetcher

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	// Mozilla's list of CA roots, for machines and sandboxes that have none.
	_ "golang.org/x/crypto/x509roots/fallback"
)

// TransportOptions says how connections are made. The zero value is right for
// public registries.
type TransportOptions struct {
	// RootCAs are the authorities that may vouch for a registry; nil means the
	// system's, and where it has none, Mozilla's as of this build.
	RootCAs *x509.CertPool
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

// NewTransport returns the transport that a [Client] uses for its connections:
// the environment's proxies, HTTP/2 where offered, and no decompression, since
// the bytes are hashed as they come.
func NewTransport(o TransportOptions) *http.Transport {
	connectTimeout := cmp.Or(o.ConnectTimeout, 10*time.Second)
	answerTimeout := cmp.Or(o.AnswerTimeout, 30*time.Second)
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: connectTimeout, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:       &tls.Config{RootCAs: o.RootCAs, InsecureSkipVerify: o.Insecure, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:   connectTimeout,
		ResponseHeaderTimeout: answerTimeout,
		ForceAttemptHTTP2:     true,
		DisableCompression:    true,
		MaxIdleConnsPerHost:   MaxIdleConnections,
		IdleConnTimeout:       90 * time.Second,
		ReadBufferSize:        64 << 10,
	}
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
