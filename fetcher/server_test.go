package fetcher

import (
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"hocker/fetcher/content"
	"hocker/fetcher/reference"
	"hocker/test/servers"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// answer is a response of a server, right or wrong. The zero value is an empty 200.
type answer struct {
	status int
	header map[string]string
	body   string
	length int  // announced; 0 means the body's own, unannounced means none
	cut    bool // the connection breaks after the body
}

const unannounced = -1

func (a answer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	for key, value := range a.header {
		w.Header().Set(key, value)
	}
	switch a.length {
	case 0:
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	case unannounced:
		w.Header().Set("Transfer-Encoding", "chunked")
	default:
		w.Header().Set("Content-Length", strconv.Itoa(a.length))
	}
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	io.WriteString(w, a.body)
	if a.cut {
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// hangUp closes the connection without a response.
var hangUp = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		conn.Close()
	}
})

func redirect(to string) answer {
	return answer{status: http.StatusTemporaryRedirect, header: map[string]string{"Location": to}}
}

// challenge is a 401 with one challenge.
func challenge(how string) answer {
	return answer{status: http.StatusUnauthorized, header: map[string]string{"WWW-Authenticate": how}, body: `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`}
}

// inTurn sends its answers in turn, and then repeats the last one.
func inTurn(answers ...http.Handler) http.Handler {
	var mu sync.Mutex
	n := 0
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		next := answers[min(n, len(answers)-1)]
		n++
		mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

// numbered sends the answers for "1", "2" and so on, in turn.
func numbered(page func(number string) answer) http.Handler {
	var n atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page(strconv.FormatInt(n.Add(1), 10)).ServeHTTP(w, r)
	})
}

// times repeats an answer for inTurn.
func times(n int, a http.Handler, then ...http.Handler) http.Handler {
	return inTurn(append(slices.Repeat([]http.Handler{a}, n), then...)...)
}

// server is a registry that records its requests.
type server struct {
	*httptest.Server
	mu   sync.Mutex
	seen []*http.Request
}

func startServer(t *testing.T, handler http.Handler) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(s.noting(handler))
	t.Cleanup(s.Close)
	return s
}

func startTLSServer(t *testing.T, handler http.Handler) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewUnstartedServer(s.noting(handler))
	s.Config.ErrorLog = quietLog
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// refusing returns a repository at an address where connections are refused. Until the end
// of the test no other server gets it.
func refusing(t *testing.T) reference.Repository {
	t.Helper()
	a, err := servers.KeepAddress()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return reference.Repository{Registry: reference.Registry{Scheme: "http", Host: a.Host}, Path: "org/app"}
}

func (s *server) noting(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.seen = append(s.seen, r)
		s.mu.Unlock()
		handler.ServeHTTP(w, r)
	})
}

// asked returns the requests, in order.
func (s *server) asked() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

// header returns one header field of each request, in order.
func (s *server) header(key string) []string {
	var values []string
	for _, r := range s.asked() {
		values = append(values, r.Header.Get(key))
	}
	return values
}

func (s *server) host() string { return s.Listener.Addr().String() }

// app returns the repository org/app of the server.
func (s *server) app(t *testing.T) reference.Repository {
	t.Helper()
	registry, err := reference.ParseRegistry(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	repo, err := registry.Repository("org/app")
	if err != nil {
		t.Fatal(err)
	}
	return repo
}

// transport returns a transport that trusts the server's certificate.
func (s *server) transport() http.RoundTripper {
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return NewTransport(TransportOptions{Roots: func() *x509.CertPool { return roots }})
}

// failure is the expected failure of a fetch. The zero value means success.
type failure struct {
	kind   error  // one of the three kinds, or nil
	text   string // HOST stands for the server's host and port
	verify *content.VerifyError
}

func (f failure) check(t *testing.T, err error, hosts ...string) {
	t.Helper()
	if err == nil && f.text == "" {
		return
	}
	if err != nil {
		text := err.Error()
		for _, host := range hosts {
			text = strings.ReplaceAll(text, host, "HOST")
		}
		if text != f.text {
			t.Errorf("error\n got: %s\nwant: %s", text, f.text)
		}
	} else {
		t.Errorf("no error, want %s", f.text)
	}
	for _, kind := range []error{content.ErrDenied, content.ErrNotFound, content.ErrUnavailable} {
		if errors.Is(err, kind) != (kind == f.kind) {
			t.Errorf("%v: is it %q? %v", err, kind, errors.Is(err, kind))
		}
	}
	var mismatch *content.VerifyError
	if errors.As(err, &mismatch); mismatch != nil {
		same := *mismatch
		if slices.Contains(hosts, same.Host) {
			same.Host = "HOST"
		}
		mismatch = &same
	}
	if (mismatch == nil) != (f.verify == nil) || mismatch != nil && *mismatch != *f.verify {
		t.Errorf("%v: got %+v, want %+v", err, mismatch, f.verify)
	}
}

// fetchHello fetches the blob with the content hello.
func fetchHello(t *testing.T, c *Client, repo reference.Repository) (string, error) {
	t.Helper()
	return fetchBlob(t, c, repo, helloDigest, 0)
}

// copyBlob fetches a blob and copies it to w.
func copyBlob(t *testing.T, c *Client, repo reference.Repository, desc ocispec.Descriptor, w io.Writer) (int64, error) {
	t.Helper()
	blob, err := c.Blob(t.Context(), repo, desc)
	if err != nil {
		return 0, err
	}
	defer blob.Close()
	return io.Copy(w, blob)
}

func fetchBlob(t *testing.T, c *Client, repo reference.Repository, d digest.Digest, size int64) (string, error) {
	t.Helper()
	var w strings.Builder
	n, err := copyBlob(t, c, repo, ocispec.Descriptor{Digest: d, Size: size}, &w)
	if n != int64(w.Len()) {
		t.Errorf("copied %d bytes, but wrote %d", n, w.Len())
	}
	return w.String(), err
}

// fullDisk accepts room bytes and then none.
type fullDisk struct {
	room int
	err  error
}

func (d *fullDisk) Write(p []byte) (int, error) {
	n := min(len(p), d.room)
	d.room -= n
	if n < len(p) {
		return n, d.err
	}
	return n, nil
}
