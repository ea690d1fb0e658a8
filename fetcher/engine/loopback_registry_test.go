package engine

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
)

func TestLoopbackRegistry(t *testing.T) {
	image := blobs{}.image(t, "one", "two")
	r, err := serveImage(t.Context(), &image, Progress{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	host, repository, _ := strings.Cut(r.reference(), "/")
	if !strings.HasPrefix(host, "127.0.0.1:") || !isLoopback(r.reference()) {
		t.Errorf("reference: %s", r.reference())
	}
	root := "/v2/" + repository
	for _, tt := range []struct {
		method, path string
		status       int
		body         string
	}{
		{"GET", "/v2/", 200, ""},
		{"GET", root + "/manifests/" + pulledTag, 200, string(image.manifest())},
		{"GET", root + "/manifests/" + image.Manifest.Digest.String(), 200, string(image.manifest())},
		{"GET", root + "/manifests/latest", 404, "404 page not found\n"},
		{"GET", root + "/blobs/" + image.Config.Digest.String(), 200, "config"},
		{"GET", root + "/blobs/" + image.Layers[1].Digest.String(), 200, "two"},
		{"HEAD", root + "/blobs/" + image.Layers[1].Digest.String(), 200, ""},
		{"GET", root + "/blobs/" + idA.String(), 404, "404 page not found\n"},
		{"GET", root + "/tags/list", 404, "404 page not found\n"},
		{"GET", "/v2/hocker-load/other/manifests/" + pulledTag, 404, "404 page not found\n"},
		{"GET", "/v2/_catalog", 404, "404 page not found\n"},
		{"PUT", root + "/manifests/" + pulledTag, 405, "this registry is read-only\n"},
	} {
		request, err := http.NewRequestWithContext(t.Context(), tt.method, "http://"+host+tt.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatalf("%s %s: %v", tt.method, tt.path, err)
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != tt.status || string(body) != tt.body {
			t.Errorf("%s %s: %s %q %v", tt.method, tt.path, answer.Status, body, err)
		}
		answer.Body.Close()
		if tt.method == http.MethodHead && answer.ContentLength != int64(len("two")) {
			t.Errorf("%s %s: Content-Length %d", tt.method, tt.path, answer.ContentLength)
		}
	}
	got := r.served()
	want := served{blobs: true, layers: 1, bytes: 2*image.Manifest.Size + image.Config.Size + int64(len("two"))}
	if got != want {
		t.Errorf("served %+v, want %+v", got, want)
	}
}

// If a blob cannot be read completely, the response is truncated and the reason
// is kept.
func TestLoopbackRegistryBroken(t *testing.T) {
	gone := errors.New("gone")
	for name, content := range map[string]io.Reader{
		"blob " + digest.FromString("one").String() + " does not have the expected size of 3 bytes":  strings.NewReader("on"),
		"blob " + digest.FromString("one").String() + " does not have the expected size of 3 bytes ": strings.NewReader("ones"),
		"gone": io.MultiReader(strings.NewReader("on"), failing{gone}),
	} {
		image := blobs{}.image(t, "one")
		image.Open = func(context.Context, digest.Digest) (io.ReadCloser, error) { return io.NopCloser(content), nil }
		ctx, cancel := context.WithCancelCause(t.Context())
		r, err := serveImage(ctx, &image, Progress{}, cancel)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.Get("http://" + strings.Replace(r.reference(), "/", "/v2/", 1) + "/blobs/" + image.Layers[0].Digest.String())
		if err == nil {
			_, err = io.ReadAll(answer.Body)
			answer.Body.Close()
		}
		if err == nil {
			t.Errorf("%s: accepted as complete", name)
		}
		if got := context.Cause(ctx); got == nil || got.Error() != strings.TrimSpace(name) {
			t.Errorf("got %v, want %s", got, name)
		}
		r.close()
	}
}

// An engine that cancels a request is not a failure of the registry.
func TestLoopbackRegistryLeft(t *testing.T) {
	image := blobs{}.image(t, "one")
	opened, returned := make(chan struct{}), make(chan struct{})
	image.Open = func(ctx context.Context, _ digest.Digest) (io.ReadCloser, error) {
		close(opened)
		defer close(returned)
		<-ctx.Done()
		return nil, ctx.Err()
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	r, err := serveImage(ctx, &image, Progress{}, cancel)
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	asking, leave := context.WithCancel(t.Context())
	go func() { <-opened; leave() }()
	request, err := http.NewRequestWithContext(asking, "GET", "http://"+strings.Replace(r.reference(), "/", "/v2/", 1)+"/manifests/"+pulledTag, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := http.DefaultClient.Do(request); !errors.Is(err, context.Canceled) {
		t.Errorf("the request: %v", err)
	}
	<-returned
	r.close() // waits for the handler
	if err := context.Cause(ctx); err != nil {
		t.Errorf("failed: %v", err)
	}
}

// A connection serves several requests. What is no request, or has too many headers, is
// refused.
func TestLoopbackServer(t *testing.T) {
	image := blobs{}.image(t, "one")
	r, err := serveImage(t.Context(), &image, Progress{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	host, _, _ := strings.Cut(r.reference(), "/")
	for sent, want := range map[string]string{
		"GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\nGET /v2/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n": strings.Repeat("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 2),
		"\x16\x03\x01\x00\xf8 TLS\r\n\r\n": "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
		"GET /v2/ HTTP/1.1\r\n" + strings.Repeat("A: b\r\n", maxRequest/6) + "Connection: close\r\n\r\n": "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
	} {
		conn, err := net.Dial("tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, sent); err != nil {
			t.Fatal(err)
		}
		// The kernel may drop the end of an answer to what was not read completely.
		got, err := io.ReadAll(conn)
		if err == nil && string(got) != want || !strings.HasPrefix(want, string(got)) {
			t.Errorf("%.40q: got %q %v, want %q", sent, got, err, want)
		}
		conn.Close()
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
