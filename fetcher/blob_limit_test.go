package fetcher

import (
	"errors"
	"net/http"
	"slices"
	"testing"

	"hocker/fetcher/content"
	"hocker/fetcher/image"
	"hocker/test/faults"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

const tooLarge = "it is larger than 1.0 MB, the limit for a blob of unknown size"

// The content has 3 MB.
var blobLimitTests = []struct {
	name   string
	faults []string
	max    int64
	config bool
	sized  bool
	err    string
}{
	{name: "stated by GET", max: 1e6, err: tooLarge},
	{name: "exactly the limit", max: 3e6},
	{name: "stated by HEAD", faults: []string{"chunked times=1"}, max: 1e6, err: tooLarge},
	{name: "stated nowhere", faults: []string{"chunked"}, max: 1e6, err: tooLarge},
	{name: "stated nowhere, exactly the limit", faults: []string{"chunked"}, max: 3e6},
	{name: "endless", faults: []string{"endless path=/blobs/"}, max: 1e6, err: tooLarge},
	{name: "the manifest's size is no limit's business", max: 1e6, sized: true},
	{name: "endless config", faults: []string{"endless path=/blobs/"}, config: true, err: "it is larger than 8.4 MB, the limit for an image config"},
}

func TestBlobLimit(t *testing.T) {
	data := randomBytes(3_000_000)
	for _, tt := range blobLimitTests {
		for way := range ways {
			t.Run(tt.name+", "+way, func(t *testing.T) {
				inWorld(t, func(t *testing.T, w *world) {
					r := w.serve("registry.example:80", faults.New())
					r.Add(tt.faults...)
					desc := ocispec.Descriptor{Digest: r.AddBlob(data)}
					if tt.sized {
						desc.Size = int64(len(data))
					}
					if tt.config {
						desc.MediaType = ocispec.MediaTypeImageConfig
					}
					c := w.client()
					c.MaxBlob = tt.max
					got, err := ways[way](t, c, app(t, "http://registry.example"), desc)
					var limit *content.LimitError
					switch {
					case tt.err == "" && (err != nil || !slices.Equal(got, data)):
						t.Errorf("got %d bytes, %v", len(got), err)
					case tt.err != "" && (!errors.As(err, &limit) || limit.Error() != tt.err || errors.As(err, new(*content.VerifyError))):
						t.Errorf("error\n got: %v\nwant: %s", err, tt.err)
					}
				})
			})
		}
	}
}

// A config that states its size is refused before a request.
func TestConfigStatedTooLarge(t *testing.T) {
	s := startServer(t, hello)
	_, err := (&Client{}).Config(t.Context(), s.app(t), ocispec.Descriptor{Digest: helloDigest, Size: image.MaxConfigSize + 1})
	if !errors.As(err, new(*content.LimitError)) || len(s.asked()) != 0 {
		t.Errorf("%v, %d requests", err, len(s.asked()))
	}
}

// A HEAD request measures a blob only if nothing else states its size.
func TestMeasure(t *testing.T) {
	for name, want := range map[string][]string{"stated": {"GET"}, "unannounced": {"GET", "HEAD"}} {
		a := hello
		if name == "unannounced" {
			a.length = unannounced
		}
		s := startServer(t, a)
		if got, err := fetchHello(t, &Client{}, s.app(t)); err != nil || got != "hello" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		var methods []string
		for _, r := range s.asked() {
			methods = append(methods, r.Method)
		}
		if !slices.Equal(methods, want) {
			t.Errorf("%s: asked %q, want %q", name, methods, want)
		}
	}
	s := startServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			w.WriteHeader(http.StatusNotFound) // as registries without HEAD do
			return
		}
		answer{body: "hello", length: unannounced}.ServeHTTP(w, r)
	}))
	if got, err := fetchHello(t, &Client{}, s.app(t)); err != nil || got != "hello" {
		t.Errorf("without HEAD: %q, %v", got, err)
	}
}
