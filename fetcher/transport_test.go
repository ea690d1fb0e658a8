package fetcher

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"os"
	"path/filepath"
	"testing"

	"hocker/fetcher/content"
)

// quietLog is the log of servers whose handshakes are meant to fail.
var quietLog = log.New(io.Discard, "", 0)

func TestTLS(t *testing.T) {
	s := startTLSServer(t, hello)
	dir := t.TempDir()
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), certificate, 0o666); err != nil {
		t.Fatal(err)
	}
	roots, err := ReadRoots(filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	more, err := AddRoots(filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		options TransportOptions
		unknown bool
	}{
		{name: "public authorities", unknown: true},
		{name: "no authorities", options: TransportOptions{Roots: x509.NewCertPool}, unknown: true},
		{name: "the authority alone", options: TransportOptions{Roots: func() *x509.CertPool { return roots }}},
		{name: "the authority among others", options: TransportOptions{Roots: func() *x509.CertPool { return more }}},
		{name: "no check", options: TransportOptions{Insecure: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := &Client{Transport: NewTransport(tt.options), Notice: func(line string) { t.Errorf("tried again: %s", line) }}
			_, err := fetchHello(t, c, s.app(t))
			var unknown x509.UnknownAuthorityError
			if errors.As(err, &unknown) != tt.unknown || (err != nil) != tt.unknown || errors.Is(err, content.ErrUnavailable) != tt.unknown {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestReadRootsFailures(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ca.pem")
	_, err := ReadRoots(path)
	checkError(t, err, "CA file: open "+path+": no such file or directory")
	if err := os.WriteFile(path, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = AddRoots(path)
	checkError(t, err, "CA file "+path+": it contains no PEM certificate")
}

// The port is closed.
func TestConnectionRefused(t *testing.T) {
	repo, retries := refusing(t), 0
	_, err := fetchHello(t, &Client{Notice: func(string) { retries++ }}, repo)
	failure{
		kind: content.ErrUnavailable,
		text: "blob of HOST/org/app@" + string(helloDigest) + ": GET http://HOST/v2/org/app/blobs/" + string(helloDigest) + ": dial tcp HOST: connect: connection refused",
	}.check(t, err, repo.Registry.Host)
	if retries != defaultRetryPolicy.attempts {
		t.Errorf("tried again %d times, want %d", retries, defaultRetryPolicy.attempts)
	}
}

// A server with another protocol is not retried.
func TestPlainServerAskedOverTLS(t *testing.T) {
	s := startServer(t, hello)
	repo := s.app(t)
	repo.Registry.Scheme = "https"
	_, err := fetchHello(t, &Client{Notice: func(line string) { t.Errorf("tried again: %s", line) }}, repo)
	failure{kind: content.ErrUnavailable, text: "blob of HOST/org/app@" + string(helloDigest) + ": GET https://HOST/v2/org/app/blobs/" + string(helloDigest) + ": http: server gave HTTP response to HTTPS client"}.check(t, err, s.host())
}
