package engine

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// tlsFiles are the paths of the PEM files for a TLS connection to an engine.
type tlsFiles struct {
	ca        string // certificate authority of the engine, or empty
	cert, key string // client certificate and its key, or empty
	insecure  bool   // do not verify the engine's certificate
}

// tlsFolder returns the files in a folder that docker uses. The client certificate and
// its key may be missing.
func tlsFolder(dir string) tlsFiles {
	files := tlsFiles{ca: filepath.Join(dir, "ca.pem"), cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem")}
	if isMissing(files.cert) && isMissing(files.key) {
		files.cert, files.key = "", ""
	}
	return files
}

func isMissing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// CertificateError reports that the client certificate or the certificate authority
// cannot be read.
type CertificateError struct{ Err error }

func (e *CertificateError) Error() string { return "TLS with the container engine: " + e.Err.Error() }
func (e *CertificateError) Unwrap() error { return e.Err }

// config reads the files into a TLS configuration.
//
// Errors: *[CertificateError].
func (f tlsFiles) config(ctx context.Context) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: f.insecure}
	if f.ca != "" && !f.insecure {
		pem, err := readConfig(ctx, f.ca)
		if err != nil {
			return nil, &CertificateError{err}
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, &CertificateError{fmt.Errorf("%s: no PEM certificate found", f.ca)}
		}
		config.RootCAs = pool
	}
	if f.cert != "" || f.key != "" {
		own, err := f.keyPair(ctx)
		if err != nil {
			return nil, &CertificateError{err}
		}
		config.Certificates = []tls.Certificate{own}
	}
	return config, nil
}

// keyPair reads the client certificate and its key.
func (f tlsFiles) keyPair(ctx context.Context) (tls.Certificate, error) {
	cert, err := readConfig(ctx, f.cert)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := readConfig(ctx, f.key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(cert, key)
}

// environmentTLS returns the TLS configuration in docker's variables, or nil:
// https://docs.docker.com/reference/cli/docker/#environment-variables.
func environmentTLS(ctx context.Context, getenv func(string) string) (*tls.Config, error) {
	if !wantsTLS(getenv) {
		return nil, nil
	}
	dir := getenv("DOCKER_CERT_PATH")
	if dir == "" {
		dir = configFolder(getenv)
	}
	files := tlsFolder(dir)
	files.insecure = getenv("DOCKER_TLS_VERIFY") == ""
	return files.config(ctx)
}

func wantsTLS(getenv func(string) string) bool {
	return getenv("DOCKER_TLS_VERIFY") != "" || getenv("DOCKER_TLS") != ""
}
