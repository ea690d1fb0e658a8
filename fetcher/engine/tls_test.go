package engine

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// newCertificate returns a self-signed certificate for 127.0.0.1 that serves as client
// and server certificate.
func newCertificate(t *testing.T) (ca, cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		NotAfter:              time.Now().Add(time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return cert, cert, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}

var tlsFileTests = []struct {
	name string
	drop []string // missing files
	junk string   // file with other content
	err  string   // substring
}{
	{name: "all"},
	{name: "no client certificate", drop: []string{"cert.pem", "key.pem"}},
	{name: "no CA", drop: []string{"ca.pem"}, err: "ca.pem: no such file"},
	{name: "no key", drop: []string{"key.pem"}, err: "key.pem: no such file"},
	{name: "no certificate", drop: []string{"cert.pem"}, err: "cert.pem: no such file"},
	{name: "CA not in PEM", junk: "ca.pem", err: "ca.pem: no PEM certificate found"},
	{name: "key not in PEM", junk: "key.pem", err: "failed to find any PEM data in key input"},
}

func TestTLSFiles(t *testing.T) {
	for _, tt := range tlsFileTests {
		t.Run(tt.name, func(t *testing.T) {
			dir := writeCertificates(t)
			for _, name := range tt.drop {
				if err := os.Remove(filepath.Join(dir, name)); err != nil {
					t.Fatal(err)
				}
			}
			if tt.junk != "" {
				if err := os.WriteFile(filepath.Join(dir, tt.junk), []byte("junk"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, err := tlsFolder(dir).config(t.Context())
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("got %v, want %s", err, tt.err)
			}
		})
	}
}

// writeCertificates writes ca.pem, cert.pem and key.pem into a folder.
func writeCertificates(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	ca, cert, key := newCertificate(t)
	for name, data := range map[string][]byte{"ca.pem": ca, "cert.pem": cert, "key.pem": key} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// An engine with a certificate of another CA is rejected.
func TestTLSChecksTheEngine(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "OK") }))
	defer server.Close()
	host := "tcp://" + server.Listener.Addr().String()
	dir := writeCertificates(t)
	variables := environment{"DOCKER_HOST": host, "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": dir}
	if _, err := Find(t.Context(), "", variables.getenv); err == nil || !strings.Contains(err.Error(), "certificate signed by unknown authority") {
		t.Errorf("got %v", err)
	}
	delete(variables, "DOCKER_TLS_VERIFY")
	variables["DOCKER_TLS"] = "1"
	if _, err := Find(t.Context(), "", variables.getenv); err != nil {
		t.Errorf("unchecked: %v", err)
	}
	delete(variables, "DOCKER_TLS")
	if _, err := Find(t.Context(), "", variables.getenv); err == nil {
		t.Error("a TLS server accepted plain HTTP")
	}
}
