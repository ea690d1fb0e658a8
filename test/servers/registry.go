package servers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
)

// RegistryOptions configures a docker-registry. The zero value starts an anonymous
// one over plain http.
type RegistryOptions struct {
	Basic    *Account      // require these credentials
	Token    *TokenOptions // require a token from the registry's token service
	Redirect bool          // send clients to another server (nginx) for the blobs
	Schema1  bool          // accept schema 1 manifests, the oldest format
	// Program serves the registry on the Unix socket that is its argument; empty means
	// docker-registry.
	Program string
}

// Account is a user name and password.
type Account struct{ Username, Password string }

// Registry is a running docker-registry. It listens on a Unix socket; in front
// of it, on a loopback port, is a proxy that records the requests.
type Registry struct {
	record
	options RegistryOptions
	dir     string
	address *Address
	process *process
	front   *http.Server // nil while the registry is stopped

	// Tokens is the token service, with RegistryOptions.Token.
	Tokens *TokenService
	// Blobs is where blobs are redirected to, with RegistryOptions.Redirect.
	Blobs *Nginx
}

// StartRegistry starts a docker-registry with an empty storage.
func StartRegistry(options RegistryOptions) (*Registry, error) {
	dir, err := temporaryDir("registry")
	if err != nil {
		return nil, err
	}
	r := &Registry{options: options, dir: dir}
	for _, step := range []func() error{r.startCompanions, r.configure, r.startProcess, r.Start} {
		if err := step(); err != nil {
			return nil, errors.Join(err, r.Stop())
		}
	}
	return r, nil
}

// startCompanions starts the other servers that the options require.
func (r *Registry) startCompanions() (err error) {
	if r.options.Token != nil {
		if r.Tokens, err = StartTokenService(*r.options.Token); err != nil {
			return err
		}
	}
	if r.options.Redirect {
		if err := os.MkdirAll(r.storage(), 0o755); err != nil {
			return err
		}
		r.Blobs, err = StartNginx(NginxOptions{Root: r.storage()})
	}
	return err
}

// startProcess starts docker-registry.
func (r *Registry) startProcess() (err error) {
	if r.address, err = KeepAddress(); err != nil {
		return err
	}
	ready := func() error { return dialable("unix", r.socket()) }
	if r.options.Program != "" {
		r.process, err = startProcess(r.logPath(), ready, r.options.Program, r.socket())
	} else {
		r.process, err = startProcess(r.logPath(), ready, "docker-registry", "serve", r.configPath())
	}
	return err
}

// Start starts a registry that Halt has stopped, with the same address and storage. That
// takes no time, so that clients that try again find it.
func (r *Registry) Start() error {
	if r.front != nil {
		return errors.New("the registry is running")
	}
	listener, err := net.Listen("tcp", r.address.Host)
	if err != nil {
		return err
	}
	r.front = &http.Server{Handler: r.handler(r.wearTokens(proxyTo(r.socket())))}
	go r.front.Serve(listener)
	return nil
}

// proxyTo forwards requests unchanged, Host header included, to a server on a
// Unix socket.
func proxyTo(socket string) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: "registry"})
			r.Out.Host = r.In.Host
			// ReverseProxy would add Go's own user agent where there is none.
			if _, ok := r.In.Header["User-Agent"]; !ok {
				r.Out.Header.Set("User-Agent", "")
			}
		},
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, "unix", socket)
			},
			DisableCompression: true, // the answer's bytes must stay as they are
		},
		FlushInterval: -1,
		// In some tests, the client closes the connection in the middle.
		ErrorLog: log.New(io.Discard, "", 0),
	}
}

// dialable reports whether something accepts connections.
func dialable(network, address string) error {
	conn, err := net.Dial(network, address)
	if err != nil {
		return err
	}
	return conn.Close()
}

// Halt stops the registry: connections are refused until Start is called.
func (r *Registry) Halt() {
	if r.front != nil {
		_ = r.front.Close()
		r.front = nil
	}
}

// Stop ends the registry and its companions and removes what it stored.
func (r *Registry) Stop() error {
	r.Halt()
	r.address.Close()
	if r.process != nil {
		r.process.stop()
		r.process = nil
	}
	var errs []error
	if r.Tokens != nil {
		errs = append(errs, r.Tokens.Stop())
	}
	if r.Blobs != nil {
		errs = append(errs, r.Blobs.Stop())
	}
	return errors.Join(append(errs, os.RemoveAll(r.dir))...)
}

// Addr is the registry's host:port.
func (r *Registry) Addr() string { return r.address.Host }

// Account returns the account that the registry accepts, nil if it is anonymous.
func (r *Registry) Account() *Account {
	if r.options.Token != nil {
		return &r.options.Token.Account
	}
	return r.options.Basic
}

// Log is the end of docker-registry's log.
func (r *Registry) Log() string { return tail(r.logPath()) }

// BlobPath returns the file of a blob in the registry's storage, so that a test can
// remove or corrupt it. The digest is "sha256:" and 64 hex digits.
func (r *Registry) BlobPath(digest string) (string, error) {
	var hex string
	if _, err := fmt.Sscanf(digest, "sha256:%64s", &hex); err != nil || len(hex) != 64 {
		return "", fmt.Errorf("not a digest: %q", digest)
	}
	path := filepath.Join(r.storage(), "docker/registry/v2/blobs/sha256", hex[:2], hex, "data")
	_, err := os.Stat(path)
	return path, err
}

func (r *Registry) socket() string     { return filepath.Join(r.dir, "socket") }
func (r *Registry) storage() string    { return filepath.Join(r.dir, "storage") }
func (r *Registry) logPath() string    { return filepath.Join(r.dir, "log") }
func (r *Registry) configPath() string { return filepath.Join(r.dir, "config.yml") }
