package fetcher

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"hocker/fetcher/image"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// A config of unknown size above the limit is an error: a truncated one would not
// be verified.
func TestConfigTooLarge(t *testing.T) {
	large := bytes.Repeat([]byte(" "), image.MaxConfigSize+2)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(large) }))
	defer server.Close()
	registry, err := reference.ParseRegistry(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	repo, err := registry.Repository("org/app")
	if err != nil {
		t.Fatal(err)
	}
	data, err := (&Client{}).Config(t.Context(), repo, ocispec.Descriptor{Digest: digest.FromBytes(large)})
	if err == nil || !strings.Contains(err.Error(), "the limit for an image config") {
		t.Errorf("%d bytes, %v", len(data), err)
	}
}
