package fetcher

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"

	"hocker/fetcher/content"
	"hocker/fetcher/reference"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

var errEnough = errors.New("enough")

// stall sends the first half of hello and then nothing, until the client
// disconnects.
var stall = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "5")
	io.WriteString(w, "hel")
	http.NewResponseController(w).Flush()
	<-r.Context().Done()
})

// When the context is canceled within a body, the reader returns the cause and not
// a failure of the registry.
func TestCancelInBody(t *testing.T) {
	s := startServer(t, stall)
	ctx, cancel := context.WithCancelCause(t.Context())
	body, err := (&Client{}).Blob(ctx, s.app(t), ocispec.Descriptor{Digest: helloDigest})
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	start := make([]byte, 3)
	if _, err := io.ReadFull(body, start); err != nil || string(start) != "hel" {
		t.Fatalf("got %q, %v", start, err)
	}
	cancel(errEnough)
	rest, err := io.ReadAll(body)
	if len(rest) != 0 || !errors.Is(err, errEnough) || errors.Is(err, content.ErrUnavailable) {
		t.Errorf("got %q, %v", rest, err)
	}
}

func TestCancelInManifest(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	s := startServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "{")
		http.NewResponseController(w).Flush()
		cancel(errEnough)
		<-r.Context().Done()
	}))
	_, err := (&Client{}).Manifest(ctx, reference.Reference{Repository: s.app(t), Tag: "1"})
	if !errors.Is(err, errEnough) || errors.Is(err, content.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestCancelBefore(t *testing.T) {
	s := startServer(t, hello)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errEnough)
	_, err := (&Client{}).Blob(ctx, s.app(t), ocispec.Descriptor{Digest: helloDigest})
	failure{text: "blob of HOST/org/app@" + string(helloDigest) + ": enough"}.check(t, err, s.host())
	if len(s.asked()) != 0 {
		t.Error("the registry received a request")
	}
}
