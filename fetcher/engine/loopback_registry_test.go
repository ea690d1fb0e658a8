package engine

import (
	"context"
	"errors"
	"io"
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
	opened := make(chan struct{})
	image.Open = func(ctx context.Context, _ digest.Digest) (io.ReadCloser, error) {
		close(opened)
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
	if err := r.server.Shutdown(t.Context()); err != nil { // waits for the request
		t.Error(err)
	}
	if err := context.Cause(ctx); err != nil {
		t.Errorf("failed: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
