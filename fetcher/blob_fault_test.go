package fetcher

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hocker/fetcher/content"
	"hocker/fetcher/reference"
	"hocker/test/faults"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// randomBytes returns n pseudorandom bytes.
func randomBytes(n int) []byte {
	data := make([]byte, n)
	rand.NewChaCha8([32]byte{}).Read(data)
	return data
}

// outcome is the outcome of a transfer with faults.
type outcome struct {
	err      string // without the prefix; empty for success
	kind     error  // one of the three kinds, or nil
	mismatch bool   // it is a *VerifyError
	notices  []string
	asked    []string
	waited   time.Duration // approximately
}

func (want outcome) check(t *testing.T, got outcome, err error) {
	t.Helper()
	if got.err != want.err {
		t.Errorf("error\n got: %s\nwant: %s", got.err, want.err)
	}
	for _, kind := range []error{content.ErrDenied, content.ErrNotFound, content.ErrUnavailable} {
		if errors.Is(err, kind) != (kind == want.kind) {
			t.Errorf("%v: is it %q? %v", err, kind, errors.Is(err, kind))
		}
	}
	var mismatch *content.VerifyError
	if errors.As(err, &mismatch) != want.mismatch {
		t.Errorf("%v: got mismatch %+v", err, mismatch)
	}
	if !slices.Equal(got.notices, want.notices) {
		t.Errorf("notices\n got: %q\nwant: %q", got.notices, want.notices)
	}
	if !slices.Equal(got.asked, want.asked) {
		t.Errorf("asked\n got: %q\nwant: %q", got.asked, want.asked)
	}
	if !about(got.waited, want.waited) {
		t.Errorf("waited %v, want about %v", got.waited, want.waited)
	}
}

// ways are the ways to fetch a blob.
var ways = map[string]func(t *testing.T, c *Client, repo reference.Repository, desc ocispec.Descriptor) ([]byte, error){
	"FetchBlob": func(t *testing.T, c *Client, repo reference.Repository, desc ocispec.Descriptor) ([]byte, error) {
		path := filepath.Join(t.TempDir(), "blob")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := c.FetchBlob(t.Context(), repo, desc, f, nil); err != nil {
			return nil, err
		}
		return os.ReadFile(path)
	},
	"Blob": func(t *testing.T, c *Client, repo reference.Repository, desc ocispec.Descriptor) ([]byte, error) {
		body, err := c.Blob(t.Context(), repo, desc)
		if err != nil {
			return nil, err
		}
		defer body.Close()
		return io.ReadAll(body)
	},
}

// fetchFaulty fetches data from a registry with faults.
func fetchFaulty(t *testing.T, w *world, way string, r *faults.Registry, c *Client, data []byte, sized bool) (outcome, error) {
	t.Helper()
	d := r.AddBlob(data)
	desc := ocispec.Descriptor{Digest: d}
	if sized {
		desc.Size = int64(len(data))
	}
	start := time.Now()
	repo := app(t, "http://registry.example")
	got, err := ways[way](t, c, repo, desc)
	if err == nil && !bytes.Equal(got, data) {
		t.Errorf("wrong content: %d bytes", len(got))
	}
	result := outcome{notices: w.notices(d), asked: asked(r), waited: time.Since(start)}
	if err != nil {
		result.err = strings.TrimPrefix(plain(err.Error(), d), "blob of "+repo.Familiar()+"@DIGEST: ")
	}
	return result, err
}

const (
	blobURL   = "http://registry.example/v2/org/app/blobs/DIGEST"
	otherText = "content does not match its digest: want DIGEST, got OTHER "
	whole     = "(3000000 bytes from registry.example)"
)

// resuming returns the notices of n losses at the same offset.
func resuming(what string, from, to int) []string {
	var lines []string
	for i := from; i <= to; i++ {
		lines = append(lines, fmt.Sprintf("layer IT: %s, resuming (%d)", what, i))
	}
	return lines
}

// again returns the notices of n retries.
func again(what string, n int) []string {
	var lines []string
	for i := range n {
		lines = append(lines, fmt.Sprintf("%s, trying again in T s (%d)", what, i+1))
	}
	return lines
}

// blobFaultTests fetch three megabytes from registry.example.
var blobFaultTests = []struct {
	faults string // separated by commas
	way    string // default: FetchBlob
	sized  bool   // the size is known
	want   outcome
}{
	// The connection.
	{
		faults: "cut after=1000000 times=1",
		want:   outcome{notices: resuming("unexpected EOF at 1.0 MB of 3.0 MB", 1, 1), asked: []string{"blob 200", "blob 1000000- 206"}, waited: 250 * time.Millisecond},
	},
	{
		faults: "cut after=1000000 times=1", way: "Blob", sized: true,
		want: outcome{notices: resuming("unexpected EOF at 1.0 MB of 3.0 MB", 1, 1), asked: []string{"blob 200", "blob 1000000- 206"}, waited: 250 * time.Millisecond},
	},
	{
		faults: "cut after=1000000",
		want: outcome{
			notices: slices.Concat(resuming("unexpected EOF at 1.0 MB of 3.0 MB", 1, 1), resuming("unexpected EOF at 2.0 MB of 3.0 MB", 2, 2)),
			asked:   []string{"blob 200", "blob 1000000- 206", "blob 2000000- 206"}, waited: 500 * time.Millisecond,
		},
	},
	{
		faults: "cut after=0",
		want: outcome{
			err: "connection lost at 0 bytes of 3.0 MB: unexpected EOF", kind: content.ErrUnavailable, notices: resuming("unexpected EOF at 0 bytes of 3.0 MB", 1, 8),
			asked: slices.Repeat([]string{"blob 200"}, 9), waited: 61750 * time.Millisecond,
		},
	},
	{
		faults: "reset after=1000000 times=1",
		want:   outcome{notices: resuming("read tcp: connection reset by peer at 1.0 MB of 3.0 MB", 1, 1), asked: []string{"blob 200", "blob 1000000- 206"}, waited: 250 * time.Millisecond},
	},
	{
		faults: "stall after=1000000 times=1",
		want:   outcome{notices: resuming("connection stalled at 1.0 MB of 3.0 MB", 1, 1), asked: []string{"blob 200", "blob 1000000- 206"}, waited: 30 * time.Second},
	},
	{
		faults: "hang times=1",
		want:   outcome{notices: again("net/http: timeout awaiting response headers", 1), asked: []string{"blob 0", "blob 200"}, waited: 30 * time.Second},
	},
	{
		faults: "hangup times=2",
		want:   outcome{notices: again("EOF", 2), asked: []string{"blob 0", "blob 0", "blob 200"}, waited: 750 * time.Millisecond},
	},
	{faults: "slow max=100000", want: outcome{asked: []string{"blob 200"}, waited: 30 * time.Second}},
	{
		faults: "busy max=0 times=2",
		want:   outcome{notices: again("registry.example: 429 Too Many Requests", 2), asked: []string{"blob 429", "blob 429", "blob 200"}, waited: 750 * time.Millisecond},
	},

	// Answers.
	{
		faults: "status code=503",
		want: outcome{
			err: "GET " + blobURL + ": 503 Service Unavailable (FAULT injected fault)", kind: content.ErrUnavailable,
			notices: again("registry.example: 503 Service Unavailable", 5), asked: slices.Repeat([]string{"blob 503"}, 6), waited: 7750 * time.Millisecond,
		},
	},
	{faults: "status code=400", want: outcome{err: "GET " + blobURL + ": 400 Bad Request (FAULT injected fault)", asked: []string{"blob 400"}}},
	{faults: "status code=403", want: outcome{err: "GET " + blobURL + ": 403 Forbidden (FAULT injected fault)", kind: content.ErrDenied, asked: []string{"blob 403"}}},
	{faults: "status code=404", want: outcome{err: "GET " + blobURL + ": 404 Not Found (FAULT injected fault)", kind: content.ErrNotFound, asked: []string{"blob 404"}}},
	{faults: "redirect to=http://cdn.example", want: outcome{asked: []string{"blob 307", "cdn 200"}}},
	{
		faults: "redirect to=http://cdn.example, cut after=1000000 times=1", // resumes at the target of the redirect
		want:   outcome{notices: resuming("unexpected EOF at 1.0 MB of 3.0 MB", 1, 1), asked: []string{"blob 307", "cdn 200", "cdn 1000000- 206"}, waited: 250 * time.Millisecond},
	},
	{
		faults: "redirect to=http://cdn.example max=1, cut after=1000000 times=1", // and asks again when that is over
		want: outcome{
			notices: resuming("unexpected EOF at 1.0 MB of 3.0 MB", 1, 1),
			asked:   []string{"blob 307", "cdn 200", "cdn 1000000- 403", "blob 1000000- 307", "cdn 1000000- 206"}, waited: 250 * time.Millisecond,
		},
	},
	{
		faults: "redirect to=http://cdn.example max=1, status code=503 path=/cdn/ times=1", // it expires before a retry
		want: outcome{
			notices: again("cdn.example: 503 Service Unavailable", 1),
			asked:   []string{"blob 307", "cdn 503", "cdn 403", "blob 307", "cdn 200"}, waited: 250 * time.Millisecond,
		},
	},
	{
		faults: "redirect to=http://cdn.example, status code=403 path=/cdn/",
		want: outcome{
			err: "GET http://cdn.example/cdn/blobs/DIGEST: 403 Forbidden (FAULT injected fault)", kind: content.ErrDenied,
			asked: []string{"blob 307", "cdn 403", "blob 307", "cdn 403"},
		},
	},
	{
		faults: "loop",
		want:   outcome{err: "GET /v2/org/app/blobs/DIGEST: stopped after 10 redirects", kind: content.ErrUnavailable, asked: slices.Repeat([]string{"blob 307"}, 11)},
	},
	{
		faults: "chunked, cut after=1000000 times=1",
		want:   outcome{notices: resuming("unexpected EOF at 1.0 MB", 1, 1), asked: []string{"blob 200", "blob 200", "blob 1000000- 206"}, waited: 250 * time.Millisecond}, // the second request is HEAD
	},
	{
		faults: "chunked, cut after=3000000 times=1", // only the end is missing
		want:   outcome{asked: []string{"blob 200", "blob 200"}},
	},

	// Content.
	{
		faults: "short after=1000000 times=1",
		want:   outcome{notices: []string{"layer IT: " + otherText + "(1000000 bytes from registry.example), fetching it again"}, asked: []string{"blob 200", "blob 200"}},
	},
	{
		faults: "short after=1000000 times=1", sized: true,
		want: outcome{
			notices: []string{"layer IT: the registry offers 1000000 bytes, the manifest says 3000000: content is too short: expected 3000000 bytes for DIGEST, received 1000000, fetching it again"},
			asked:   []string{"blob 200", "blob 200"},
		},
	},
	{
		faults: "chunked, long after=1000", sized: true,
		want: outcome{
			err: "content is too long: expected 3000000 bytes for DIGEST, received more", mismatch: true,
			notices: []string{"layer IT: content is too long: expected 3000000 bytes for DIGEST, received more, fetching it again"},
			asked:   []string{"blob 200", "blob 200"},
		},
	},
	{
		faults: "endless path=/blobs/", sized: true,
		want: outcome{
			err: "content is too long: expected 3000000 bytes for DIGEST, received more", mismatch: true,
			notices: []string{"layer IT: content is too long: expected 3000000 bytes for DIGEST, received more, fetching it again"},
			asked:   []string{"blob 200", "blob 200"},
		},
	},
	{
		faults: "endless path=/blobs/", sized: true, way: "Blob",
		want: outcome{err: "content is too long: expected 3000000 bytes for DIGEST, received more", mismatch: true, asked: []string{"blob 200"}},
	},
	{
		faults: "corrupt after=2000000 times=1",
		want:   outcome{notices: []string{"layer IT: " + otherText + whole + ", fetching it again"}, asked: []string{"blob 200", "blob 200"}},
	},
	{
		faults: "corrupt after=2000000",
		want: outcome{
			err: otherText + whole, mismatch: true,
			notices: []string{"layer IT: " + otherText + whole + ", fetching it again"}, asked: []string{"blob 200", "blob 200"},
		},
	},
	{
		faults: "corrupt after=2000000", way: "Blob",
		want: outcome{err: otherText + whole, mismatch: true, asked: []string{"blob 200"}},
	},
	{
		faults: "cut after=1000000 times=1, changed skip=1 times=1", // with another ETag
		want: outcome{
			notices: append(resuming("unexpected EOF at 1.0 MB of 3.0 MB", 1, 1), "layer IT: "+otherText+whole+", fetching it again"),
			asked:   []string{"blob 200", "blob 1000000- 200", "blob 200"}, waited: 250 * time.Millisecond,
		},
	},
	{
		faults: "cut after=1000000 times=1, long after=1000 skip=1 times=1", // of another size
		want: outcome{
			notices: append(resuming("unexpected EOF at 1.0 MB of 3.0 MB", 1, 1), "layer IT: the registry offers 3001000 bytes, previously 3000000: content is too long: expected 3000000 bytes for DIGEST, received more, fetching it again"),
			asked:   []string{"blob 200", "blob 1000000- 200", "blob 200"}, waited: 250 * time.Millisecond,
		},
	},
	{
		faults: "gzip times=1",
		want:   outcome{notices: []string{"layer IT: " + otherText + "(3000943 bytes from registry.example), fetching it again"}, asked: []string{"blob 200", "blob 200"}},
	},
	{faults: "label", want: outcome{asked: []string{"blob 200"}}},

	// Ranges.
	{
		faults: "no-ranges, cut after=1000000 times=1",
		want:   outcome{notices: resuming("unexpected EOF at 1.0 MB of 3.0 MB", 1, 1), asked: []string{"blob 200", "blob 1000000- 200"}, waited: 250 * time.Millisecond},
	},
	{
		faults: "no-ranges, cut after=1000000", // so the transfer starts over
		want: outcome{
			err: "connection lost at 1.0 MB of 3.0 MB: unexpected EOF", kind: content.ErrUnavailable, notices: resuming("unexpected EOF at 1.0 MB of 3.0 MB", 1, 8),
			asked: append([]string{"blob 200"}, slices.Repeat([]string{"blob 1000000- 200"}, 8)...), waited: 61750 * time.Millisecond,
		},
	},
	{
		faults: "false-ranges, cut after=1000000 times=1",
		want:   outcome{notices: resuming("unexpected EOF at 1.0 MB of 3.0 MB", 1, 1), asked: []string{"blob 200", "blob 1000000- 200"}, waited: 250 * time.Millisecond},
	},
	{
		faults: "other-range after=100, cut after=1000000 times=1", // more than requested
		want:   outcome{notices: resuming("unexpected EOF at 1.0 MB of 3.0 MB", 1, 1), asked: []string{"blob 200", "blob 1000000- 206"}, waited: 250 * time.Millisecond},
	},
	{
		faults: "other-range after=-100, cut after=1000000 times=1", // less, so the whole blob is requested
		want:   outcome{notices: resuming("unexpected EOF at 1.0 MB of 3.0 MB", 1, 1), asked: []string{"blob 200", "blob 1000000- 206", "blob 200"}, waited: 250 * time.Millisecond},
	},
	{
		faults: "bad-range, cut after=1000000 times=1",
		want:   outcome{notices: resuming("unexpected EOF at 1.0 MB of 3.0 MB", 1, 1), asked: []string{"blob 200", "blob 1000000- 206", "blob 200"}, waited: 250 * time.Millisecond},
	},
	{
		faults: "wrong-size after=100, cut after=1000000 times=1",
		want:   outcome{notices: resuming("unexpected EOF at 1.0 MB of 3.0 MB", 1, 1), asked: []string{"blob 200", "blob 1000000- 206", "blob 200"}, waited: 250 * time.Millisecond},
	},
	{
		faults: "bad-range, cut after=1000000 times=1, hangup skip=2 times=1", // and the request without a range fails once
		want: outcome{
			notices: slices.Concat(resuming("unexpected EOF at 1.0 MB of 3.0 MB", 1, 1), resuming("GET "+blobURL+": EOF at 1.0 MB of 3.0 MB", 2, 2)),
			asked:   []string{"blob 200", "blob 1000000- 206", "blob 0", "blob 200"}, waited: 750 * time.Millisecond,
		},
	},
	{
		faults: "lying-range after=100, cut after=1000000 times=1",
		want: outcome{
			notices: append(resuming("unexpected EOF at 1.0 MB of 3.0 MB", 1, 1), "layer IT: content is too long: expected 3000000 bytes for DIGEST, received more, fetching it again"),
			asked:   []string{"blob 200", "blob 1000000- 206", "blob 200"}, waited: 250 * time.Millisecond,
		},
	},
	{
		faults: "cut after=1000000 times=1, endless path=/blobs/ ranged", // endless, despite the range
		want: outcome{
			notices: append(resuming("unexpected EOF at 1.0 MB of 3.0 MB", 1, 1), "layer IT: content is too long: expected 3000000 bytes for DIGEST, received more, fetching it again"),
			asked:   []string{"blob 200", "blob 1000000- 200", "blob 200"}, waited: 250 * time.Millisecond,
		},
	},
}

func TestBlobFaults(t *testing.T) {
	data := randomBytes(3_000_000)
	for _, tt := range blobFaultTests {
		if tt.way == "" {
			tt.way = "FetchBlob"
		}
		t.Run(fmt.Sprintf("%s, %s, sized %v", tt.faults, tt.way, tt.sized), func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				r := w.serve("registry.example:80", faults.New())
				w.hosts["cdn.example:80"] = w.hosts["registry.example:80"]
				for fault := range strings.SplitSeq(tt.faults, ", ") {
					r.Add(fault)
				}
				got, err := fetchFaulty(t, w, tt.way, r, w.client(), data, tt.sized)
				tt.want.check(t, got, err)
			})
		})
	}
}
