package fetcher

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"hocker/fetcher/reference"
	"hocker/test/faults"

	"github.com/opencontainers/go-digest"
)

// inWorld runs a test with registries on an in-memory network, in a synctest
// bubble: time passes only while all goroutines wait, and leaked goroutines fail
// the test. Retries wait as they do outside of tests.
func inWorld(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	policy := defaultRetryPolicy
	defaultRetryPolicy = realPolicy
	defer func() { defaultRetryPolicy = policy }()
	synctest.Test(t, func(t *testing.T) {
		w := &world{hosts: map[string]func(net.Conn){}, roots: x509.NewCertPool()}
		defer w.end()
		test(t, w)
	})
}

// world is the reachable servers and the requests to them.
type world struct {
	hosts   map[string]func(net.Conn) // by host:port: takes connections
	servers []*httptest.Server
	known   []*faults.Registry
	roots   *x509.CertPool
	told    lineRecord
}

// lineRecord collects notices.
type lineRecord struct {
	mu    sync.Mutex
	lines []string
}

func (l *lineRecord) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
}

// serve starts a registry at a host and port.
func (w *world) serve(address string, r *faults.Registry) *faults.Registry {
	w.start(address, r).Start()
	return r
}

// serveTLS is serve for https, with HTTP/2. Certificates are for example.com.
func (w *world) serveTLS(address string, r *faults.Registry) *faults.Registry {
	s := w.start(address, r)
	s.EnableHTTP2 = true
	s.StartTLS()
	w.roots.AddCert(s.Certificate())
	return r
}

func (w *world) start(address string, r *faults.Registry) *httptest.Server {
	l := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	w.hosts[address] = l.deliver
	s := httptest.NewUnstartedServer(r)
	s.Listener = l
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	w.servers = append(w.servers, s)
	w.known = append(w.known, r)
	return s
}

// silence makes a host accept connections and send nothing.
func (w *world) silence(address string) {
	w.hosts[address] = func(conn net.Conn) { go io.Copy(io.Discard, conn) }
}

func (w *world) end() {
	for _, r := range w.known {
		r.Close()
	}
	for _, s := range w.servers {
		s.CloseClientConnections()
		s.Close()
	}
}

// client returns a client on the in-memory network.
func (w *world) client() *Client {
	transport := newHTTPTransport(TransportOptions{})
	transport.TLSClientConfig.RootCAs = w.roots
	transport.Proxy = nil
	transport.DialContext = func(_ context.Context, network, address string) (net.Conn, error) {
		deliver, ok := w.hosts[address]
		if !ok {
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
		}
		near, far := net.Pipe()
		var wasReset atomic.Bool
		deliver(&farEnd{far, &wasReset})
		return &nearEnd{near, &wasReset}, nil
	}
	return &Client{Transport: transport, Notice: w.told.add}
}

// nearEnd and farEnd are the ends of a connection that the server can reset.
type nearEnd struct {
	net.Conn
	wasReset *atomic.Bool
}

func (c *nearEnd) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == io.EOF && c.wasReset.Load() {
		err = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	}
	return n, err
}

type farEnd struct {
	net.Conn
	wasReset *atomic.Bool
}

func (c *farEnd) SetLinger(int) error {
	c.wasReset.Store(true)
	return nil
}

// pipeListener is an in-memory listener.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipeListener) deliver(conn net.Conn) {
	select {
	case l.conns <- conn:
	case <-l.closed:
		conn.Close()
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

// app returns the repository org/app of a registry.
func app(t *testing.T, registry string) reference.Repository {
	t.Helper()
	r, err := reference.ParseRegistry(registry)
	if err != nil {
		t.Fatal(err)
	}
	repo, err := r.Repository("org/app")
	if err != nil {
		t.Fatal(err)
	}
	return repo
}

// asked summarizes the requests to a registry and their responses.
func asked(r *faults.Registry) []string {
	var lines []string
	for _, request := range r.Requests() {
		what := "token"
		for _, part := range []string{"blobs", "manifests"} {
			if strings.Contains(request.Path, "/"+part+"/") {
				what = strings.TrimSuffix(part, "s")
			}
		}
		if strings.HasPrefix(request.Path, "/cdn/") {
			what = "cdn"
		}
		line := what
		if request.Range != "" {
			line += " " + strings.TrimPrefix(request.Range, "bytes=")
		}
		if request.Authorization != "" {
			line += " auth"
		}
		lines = append(lines, fmt.Sprintf("%s %d", line, request.Status))
	}
	return lines
}

var (
	pause       = regexp.MustCompile(`again in [0-9.]+ s`)
	otherDigest = regexp.MustCompile(`sha256:[0-9a-f]{64}`)
)

// plain replaces the parts of a notice or error that vary.
func plain(text string, d digest.Digest) string {
	text = strings.ReplaceAll(text, string(d), "DIGEST")
	text = strings.ReplaceAll(text, d.Encoded()[:12], "IT")
	text = otherDigest.ReplaceAllString(text, "OTHER")
	return pause.ReplaceAllString(text, "again in T s")
}

func (w *world) notices(d digest.Digest) []string {
	var lines []string
	for _, line := range w.told.lines {
		lines = append(lines, plain(line, d))
	}
	return lines
}

// about reports whether two durations are about equal: waits vary by a quarter.
func about(got, want time.Duration) bool { return got >= want*3/4 && got <= want*5/4 }
