package fetcher

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"hocker/fetcher/content"
	"hocker/fetcher/credential"
	"hocker/fetcher/reference"
	"hocker/test/faults"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// mirrorFaultTests fetch a blob of three megabytes with a faulty mirror. The faults
// cause notices, but never fail the fetch.
var mirrorFaultTests = []struct {
	faults   string
	empty    bool // the mirror lacks the blob
	sized    bool
	notices  []string
	mirror   []string // requests to it
	upstream []string
}{
	{mirror: []string{"blob 200"}},
	{
		empty: true, mirror: []string{"blob 404"}, upstream: []string{"blob 200"},
		notices: []string{"mirror mirror.example skipped: GET http://mirror.example/v2/org/app/blobs/DIGEST: 404 Not Found (BLOB_UNKNOWN blob unknown to registry)"},
	},
	{
		faults: "status code=503", mirror: []string{"blob 503"}, upstream: []string{"blob 200"},
		notices: []string{"mirror mirror.example skipped: GET http://mirror.example/v2/org/app/blobs/DIGEST: 503 Service Unavailable (FAULT injected fault)"},
	},
	{
		faults: "hang", mirror: []string{"blob 0"}, upstream: []string{"blob 200"},
		notices: []string{"mirror mirror.example skipped: GET http://mirror.example/v2/org/app/blobs/DIGEST: net/http: timeout awaiting response headers"},
	},
	{
		faults: "cut after=1000000", mirror: []string{"blob 200", "blob 1000000- 206", "blob 2000000- 206"},
		notices: []string{"layer IT: unexpected EOF at 1.0 MB of 3.0 MB, resuming (1)", "layer IT: unexpected EOF at 2.0 MB of 3.0 MB, resuming (2)"},
	},
	{
		faults: "cut after=1000000, status code=404 skip=1", mirror: []string{"blob 200", "blob 1000000- 404"}, upstream: []string{"blob 1000000- 206"},
		notices: []string{
			"layer IT: unexpected EOF at 1.0 MB of 3.0 MB, resuming (1)",
			"mirror mirror.example skipped: GET http://mirror.example/v2/org/app/blobs/DIGEST: 404 Not Found (FAULT injected fault)",
		},
	},
	{
		faults: "no-ranges, cut after=1000000", mirror: []string{"blob 200", "blob 1000000- 200"}, upstream: []string{"blob 1000000- 206"},
		notices: []string{
			"layer IT: unexpected EOF at 1.0 MB of 3.0 MB, resuming (1)",
			"layer IT: unexpected EOF at 1.0 MB of 3.0 MB, resuming (2)",
			"mirror mirror.example skipped: nothing received from byte 1000000",
		},
	},
	{
		faults: "stall after=0", mirror: []string{"blob 200"}, upstream: []string{"blob 200"},
		notices: []string{
			"layer IT: connection stalled at 0 bytes of 3.0 MB, resuming (1)",
			"mirror mirror.example skipped: nothing received from byte 0",
		},
	},
	{
		faults: "cut after=10", mirror: []string{"blob 200", "blob 10- 206", "blob 20- 206"}, upstream: []string{"blob 30- 206"},
		notices: []string{
			"layer IT: unexpected EOF at 10 bytes of 3.0 MB, resuming (1)",
			"layer IT: unexpected EOF at 20 bytes of 3.0 MB, resuming (2)",
			"layer IT: unexpected EOF at 30 bytes of 3.0 MB, resuming (3)",
			"mirror mirror.example skipped: hardly anything received before byte 30",
		},
	},
	{
		faults: "corrupt after=5", mirror: []string{"blob 200"}, upstream: []string{"blob 200"},
		notices: []string{"layer IT: content does not match its digest: want DIGEST, got OTHER (3000000 bytes from mirror.example), fetching it again"},
	},
	{
		faults: "short after=1000000", mirror: []string{"blob 200"}, upstream: []string{"blob 200"},
		notices: []string{"layer IT: content does not match its digest: want DIGEST, got OTHER (1000000 bytes from mirror.example), fetching it again"},
	},
	{
		faults: "short after=1000000", sized: true, mirror: []string{"blob 200"}, upstream: []string{"blob 200"},
		notices: []string{"mirror mirror.example skipped: the registry offers 1000000 bytes, the manifest says 3000000: content is too short: expected 3000000 bytes for DIGEST, received 1000000"},
	},
	{ // The mirror states the wrong size and sends wrong content.
		faults: "short after=2000000, cut after=1000000, status code=404 skip=1", mirror: []string{"blob 200", "blob 1000000- 404"}, upstream: []string{"blob 1000000- 206", "blob 200", "blob 200"},
		notices: []string{
			"layer IT: unexpected EOF at 1.0 MB of 2.0 MB, resuming (1)",
			"mirror mirror.example skipped: GET http://mirror.example/v2/org/app/blobs/DIGEST: 404 Not Found (FAULT injected fault)",
			"layer IT: the registry offers 3000000 bytes, previously 2000000: content is too long: expected 2000000 bytes for DIGEST, received more, fetching it again",
		},
	},
	{
		faults: "loop", mirror: slices.Repeat([]string{"blob 307"}, 11), upstream: []string{"blob 200"},
		notices: []string{"mirror mirror.example skipped: GET /v2/org/app/blobs/DIGEST: stopped after 10 redirects"},
	},
}

func TestMirrorFaults(t *testing.T) {
	data := randomBytes(3_000_000)
	for _, tt := range mirrorFaultTests {
		t.Run(tt.faults, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				mirror := w.serve("mirror.example:80", faults.New())
				r := w.serve("registry.example:80", faults.New())
				if !tt.empty {
					mirror.AddBlob(data)
				}
				for fault := range strings.SplitSeq(tt.faults, ", ") {
					if fault != "" {
						mirror.Add(fault)
					}
				}
				c := w.client()
				repo := app(t, "http://registry.example")
				c.Credential = credential.Static(repo.Registry, credential.Credential{Token: "hunter2", PlainHTTP: true})
				c.Mirrors = []Mirror{{"registry.example", app(t, "http://mirror.example").Registry}}
				got, err := fetchFaulty(t, w, "FetchBlob", r, c, data, tt.sized)
				if err != nil {
					t.Error(err)
				}
				if !slices.Equal(got.notices, tt.notices) {
					t.Errorf("notices\n got: %q\nwant: %q", got.notices, tt.notices)
				}
				if lines := asked(mirror); !slices.Equal(lines, tt.mirror) {
					t.Errorf("the mirror was asked\n got: %q\nwant: %q", lines, tt.mirror)
				}
				for i, line := range got.asked {
					got.asked[i] = strings.Replace(line, " auth", "", 1)
				}
				if !slices.Equal(got.asked, tt.upstream) {
					t.Errorf("the registry was asked\n got: %q\nwant: %q", got.asked, tt.upstream)
				}
				for _, request := range mirror.Requests() {
					if request.Authorization != "" {
						t.Errorf("the mirror got the registry's credential: %s", request.Authorization)
					}
				}
			})
		})
	}
}

// A mirror and its registry have separate credentials, and neither receives the
// other's.
func TestMirrorCredentials(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		mirror := w.serve("mirror.example:80", faults.New())
		r := w.serve("registry.example:80", faults.New())
		mirror.Auth = &faults.Auth{Username: "me", Password: "for the mirror"}
		r.Auth = &faults.Auth{Username: "me", Password: "for the registry"}
		c := w.client()
		c.Credential = func(_ context.Context, repo reference.Repository) (credential.Credential, error) {
			return map[string]credential.Credential{
				"mirror.example":   {Username: "me", Password: "for the mirror", PlainHTTP: true},
				"registry.example": {Username: "me", Password: "for the registry", PlainHTTP: true},
			}[repo.Registry.Host], nil
		}
		c.Mirrors = []Mirror{{"*", app(t, "http://mirror.example").Registry}}
		data := randomBytes(1000)
		d := mirror.AddBlob(data)
		repo := app(t, "http://registry.example")
		var got bytes.Buffer
		if _, err := copyBlob(t, c, repo, ocispec.Descriptor{Digest: d}, &got); err != nil || !bytes.Equal(got.Bytes(), data) {
			t.Error(err)
		}
		only := r.AddBlob([]byte("only here"))
		if _, err := copyBlob(t, c, repo, ocispec.Descriptor{Digest: only}, &got); err != nil {
			t.Error(err)
		}
		if want := []string{"blob 401", "token auth 200", "blob auth 200", "blob auth 404"}; !slices.Equal(asked(mirror), want) {
			t.Errorf("the mirror was asked %q, want %q", asked(mirror), want)
		}
		if want := []string{"blob 401", "token auth 200", "blob auth 200"}; !slices.Equal(asked(r), want) {
			t.Errorf("the registry was asked %q, want %q", asked(r), want)
		}
	})
}

// A config is fetched again like a layer: from the registry, after wrong content from a
// mirror, or once more.
func TestConfigFaults(t *testing.T) {
	data := []byte(`{"os":"linux"}`)
	const again = "config IT: content does not match its digest: want DIGEST, got OTHER (14 bytes from HOST), fetching it again"
	for _, tt := range []struct {
		mirror, registry string // faults
		notices          []string
		asked            []string // of the registry
		wrong            bool
	}{
		{mirror: "label", registry: "status code=404"},
		{mirror: "corrupt after=3", registry: "label", notices: []string{strings.Replace(again, "HOST", "mirror.example", 1)}, asked: []string{"blob 200"}},
		{
			mirror: "status code=404", registry: "corrupt after=3 times=1", asked: []string{"blob 200", "blob 200"},
			notices: []string{
				"mirror mirror.example skipped: GET http://mirror.example/v2/org/app/blobs/DIGEST: 404 Not Found (FAULT injected fault)",
				strings.Replace(again, "HOST", "registry.example", 1),
				"mirror mirror.example skipped: GET http://mirror.example/v2/org/app/blobs/DIGEST: 404 Not Found (FAULT injected fault)",
			},
		},
		{
			mirror: "corrupt after=3", registry: "corrupt after=3", asked: []string{"blob 200", "blob 200"}, wrong: true,
			notices: []string{strings.Replace(again, "HOST", "mirror.example", 1), strings.Replace(again, "HOST", "registry.example", 1)},
		},
	} {
		t.Run(tt.mirror+", "+tt.registry, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				mirror, r := w.serve("mirror.example:80", faults.New()), w.serve("registry.example:80", faults.New())
				mirror.AddBlob(data)
				d := r.AddBlob(data)
				mirror.Add(tt.mirror)
				r.Add(tt.registry)
				c := w.client()
				c.Mirrors = []Mirror{{Of: "registry.example", Registry: reference.Registry{Scheme: "http", Host: "mirror.example"}}}
				got, err := c.Config(t.Context(), app(t, "http://registry.example"), ocispec.Descriptor{Digest: d})
				if tt.wrong != errors.As(err, new(*content.VerifyError)) || !tt.wrong && !bytes.Equal(got, data) {
					t.Errorf("got %q, %v", got, err)
				}
				if notices := w.notices(d); !slices.Equal(notices, tt.notices) {
					t.Errorf("notices\n got: %q\nwant: %q", notices, tt.notices)
				}
				if lines := asked(r); !slices.Equal(lines, tt.asked) {
					t.Errorf("asked %q, want %q", lines, tt.asked)
				}
			})
		})
	}
}
