package fetcher

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"hocker/fetcher/content"
	"hocker/fetcher/reference"
	"hocker/test/faults"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// patience is how long a test waits for an operation to end.
const patience = time.Hour

// manifestFaultTests fetch a small manifest from registry.example.
var manifestFaultTests = []struct {
	faults string
	want   outcome
}{
	{faults: "chunked path=/manifests/", want: outcome{asked: []string{"manifest 200"}}},
	{
		faults: "cut after=10 times=1 path=/manifests/",
		want:   outcome{notices: again("unexpected EOF", 1), asked: []string{"manifest 200", "manifest 200"}, waited: 250 * time.Millisecond},
	},
	{
		faults: "stall after=10 times=1 path=/manifests/",
		want:   outcome{notices: again("connection stalled", 1), asked: []string{"manifest 200", "manifest 200"}, waited: 30 * time.Second},
	},
	{
		faults: "status code=502 times=2 path=/manifests/",
		want:   outcome{notices: again("registry.example: 502 Bad Gateway", 2), asked: []string{"manifest 502", "manifest 502", "manifest 200"}, waited: 750 * time.Millisecond},
	},
	{
		faults: "long after=5000000 path=/manifests/",
		want:   outcome{err: "it is larger than 4.2 MB, the limit for a manifest", asked: []string{"manifest 200"}},
	},
	{
		faults: "endless path=/manifests/",
		want:   outcome{err: "it is larger than 4.2 MB, the limit for a manifest", asked: []string{"manifest 200"}},
	},
	{
		faults: "corrupt after=3 times=1 path=/manifests/",
		want:   outcome{err: "content does not match its digest: want DIGEST, got OTHER (1000 bytes)", mismatch: true, asked: []string{"manifest 200"}},
	},
	{
		faults: "gzip path=/manifests/",
		want:   outcome{err: "content does not match its digest: want DIGEST, got OTHER (51 bytes)", mismatch: true, asked: []string{"manifest 200"}},
	},
	{faults: "label path=/manifests/", want: outcome{asked: []string{"manifest 200"}}},
	{
		faults: "loop path=/manifests/",
		want:   outcome{err: "GET /v2/org/app/manifests/DIGEST: stopped after 10 redirects", kind: content.ErrUnavailable, asked: slices.Repeat([]string{"manifest 307"}, 11)},
	},
	{
		faults: "hangup path=/manifests/",
		want: outcome{
			err: "GET http://registry.example/v2/org/app/manifests/DIGEST: EOF", kind: content.ErrUnavailable,
			notices: again("EOF", 5), asked: slices.Repeat([]string{"manifest 0"}, 6), waited: 7750 * time.Millisecond,
		},
	},

	// Answers that are not HTTP, or not to their end.
	{
		faults: "garbage after=1 times=1 path=/manifests/",
		want:   outcome{notices: again(notHTTP, 1), asked: []string{"manifest 0", "manifest 200"}, waited: 250 * time.Millisecond},
	},
	{
		faults: "garbage after=1 path=/manifests/",
		want: outcome{
			err: "GET http://registry.example/v2/org/app/manifests/DIGEST: " + notHTTP, kind: content.ErrUnavailable,
			notices: again(notHTTP, 5), asked: slices.Repeat([]string{"manifest 0"}, 6), waited: 7750 * time.Millisecond,
		},
	},
	{
		faults: "headers after=2000000 path=/manifests/ times=1",
		want:   outcome{notices: again(longHeader, 1), asked: []string{"manifest 200", "manifest 200"}, waited: 250 * time.Millisecond},
	},
	{faults: "headers after=500000 path=/manifests/", want: outcome{asked: []string{"manifest 200"}}},
}

const (
	notHTTP    = `net/http: HTTP/1.x transport connection broken: malformed HTTP response "\x00\xffgarbage"`
	longHeader = "net/http: HTTP/1.x transport connection broken: net/http: server response headers exceeded 1048576 bytes; aborted"
)

func TestManifestFaults(t *testing.T) {
	data := []byte(fmt.Sprintf("%-1000s", `{"schemaVersion":2}`))
	for _, tt := range manifestFaultTests {
		t.Run(tt.faults, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				r := w.serve("registry.example:80", faults.New())
				for fault := range strings.SplitSeq(tt.faults, ", ") {
					r.Add(fault)
				}
				d := r.AddManifest("1", ocispec.MediaTypeImageManifest, data)
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				start := time.Now()
				repo := app(t, "http://registry.example")
				m, err := w.client().Manifest(ctx, reference.Reference{Repository: repo, Digest: d})
				got := outcome{notices: w.notices(d), asked: asked(r), waited: time.Since(start)}
				if err != nil {
					got.err = strings.TrimPrefix(plain(err.Error(), d), "manifest of registry.example/org/app@DIGEST: ")
				} else if !bytes.Equal(m.Bytes, data) {
					t.Errorf("wrong content: %q", m.Bytes)
				}
				tt.want.check(t, got, err)
			})
		})
	}
}

// An answer may break off with any error of net/http.
func TestBrokenChunk(t *testing.T) {
	broken := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnone\r\n")
			conn.Close()
		}
	})
	s := startServer(t, inTurn(broken, answer{body: "hello"}))
	var told lineRecord
	c := &Client{Notice: told.add}
	m, err := c.Manifest(t.Context(), reference.Reference{Repository: s.app(t), Digest: helloDigest})
	if err != nil || string(m.Bytes) != "hello" || len(told.lines) != 1 || !strings.HasPrefix(told.lines[0], "invalid byte in chunk length, trying again") {
		t.Errorf("got %q, %v, %q", m.Bytes, err, told.lines)
	}
	s = startServer(t, broken)
	if _, err := c.Manifest(t.Context(), reference.Reference{Repository: s.app(t), Digest: helloDigest}); !errors.Is(err, content.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

// tokenFaultTests fetch three megabytes from a registry with anonymous tokens.
var tokenFaultTests = []struct {
	faults string
	uses   int // requests that a token lasts for
	want   outcome
}{
	{faults: "label", want: outcome{asked: []string{"blob 401", "token 200", "blob auth 200"}}},
	{
		faults: "cut after=1000000", uses: 1, // the token expires each time
		want: outcome{
			notices: slices.Concat(resuming("unexpected EOF at 1.0 MB of 3.0 MB", 1, 1), resuming("unexpected EOF at 2.0 MB of 3.0 MB", 2, 2)),
			asked: []string{
				"blob 401", "token 200", "blob auth 200",
				"blob 1000000- auth 401", "token 200", "blob 1000000- auth 206",
				"blob 2000000- auth 401", "token 200", "blob 2000000- auth 206",
			},
			waited: 500 * time.Millisecond,
		},
	},
	{
		faults: "status code=503 times=2 path=/token",
		want: outcome{
			notices: again("registry.example: 503 Service Unavailable", 2),
			asked:   []string{"blob 401", "token 503", "token 503", "token 200", "blob auth 200"}, waited: 750 * time.Millisecond,
		},
	},
	{
		faults: "status code=403 path=/token",
		want:   outcome{err: "token service: GET http://registry.example/token: 403 Forbidden (FAULT injected fault)", kind: content.ErrDenied, asked: []string{"blob 401", "token 403"}},
	},
	{
		faults: "hang times=1 path=/token",
		want: outcome{
			notices: again("net/http: timeout awaiting response headers", 1),
			asked:   []string{"blob 401", "token 0", "token 200", "blob auth 200"}, waited: 30 * time.Second,
		},
	},
	{
		faults: "stall after=5 times=1 path=/token",
		want: outcome{
			notices: again("connection stalled", 1),
			asked:   []string{"blob 401", "token 200", "token 200", "blob auth 200"}, waited: 30 * time.Second,
		},
	},
	{
		faults: "cut after=5 times=1 path=/token",
		want: outcome{
			notices: again("unexpected EOF", 1),
			asked:   []string{"blob 401", "token 200", "token 200", "blob auth 200"}, waited: 250 * time.Millisecond,
		},
	},
	{
		faults: "changed path=/token",
		want: outcome{
			err:  `GET "http://registry.example/v2/org/app/blobs/DIGEST": GET "http://registry.example/token": failed to decode response: invalid character 'z' looking for beginning of value`,
			kind: content.ErrUnavailable, asked: []string{"blob 401", "token 200"},
		},
	},
	{
		faults: "status code=401", // for any token
		want:   outcome{err: "GET " + blobURL + ": 401 Unauthorized (FAULT injected fault)", kind: content.ErrDenied, asked: []string{"blob 401"}},
	},
}

func TestTokenFaults(t *testing.T) {
	data := randomBytes(3_000_000)
	for _, tt := range tokenFaultTests {
		t.Run(tt.faults, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				r := w.serve("registry.example:80", faults.New())
				r.Auth = &faults.Auth{Uses: tt.uses}
				r.Add(tt.faults)
				// If something waits forever, the test fails with its error.
				time.AfterFunc(patience, r.Close)
				got, err := fetchFaulty(t, w, "FetchBlob", r, w.client(), data, false)
				tt.want.check(t, got, err)
			})
		})
	}
}

// Endless tokens and error bodies are read up to a limit.
func TestEndlessAnswers(t *testing.T) {
	for _, fault := range []string{"endless path=/token", "endless path=/v2/"} {
		t.Run(fault, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				r := w.serve("registry.example:80", faults.New())
				r.Auth = &faults.Auth{}
				r.Add(fault)
				if strings.Contains(fault, "/v2/") {
					_, err := w.client().Manifest(t.Context(), reference.Reference{Repository: app(t, "http://registry.example"), Tag: "1"})
					if err == nil || !strings.Contains(err.Error(), "4.2 MB") {
						t.Errorf("got %v", err)
					}
					return
				}
				if got, err := fetchFaulty(t, w, "FetchBlob", r, w.client(), []byte("x"), false); err == nil || len(got.notices) != 0 {
					t.Errorf("got %v, %+v", err, got)
				}
			})
		})
	}
}

// Retry-After is honored in both of its forms and for each retryable status, up to
// a limit.
func TestRetryAfterFaults(t *testing.T) {
	for _, code := range []int{408, 425, 429, 500, 502, 503, 504} {
		for after, want := range map[string]time.Duration{
			"":             250 * time.Millisecond,
			"7":            7 * time.Second,
			"now+20s":      20 * time.Second,
			"now+-1h":      250 * time.Millisecond,
			"soon":         250 * time.Millisecond,
			"120":          2 * time.Minute,
			"121":          0,
			"999999999999": 0,
		} {
			t.Run(fmt.Sprintf("%d, after %s", code, after), func(t *testing.T) {
				inWorld(t, func(t *testing.T, w *world) {
					r := w.serve("registry.example:80", faults.New())
					r.Add(fmt.Sprintf("status code=%d times=1 retry-after=%s", code, after))
					got, err := fetchFaulty(t, w, "FetchBlob", r, w.client(), []byte("x"), false)
					if (err == nil) != (want != 0) || err != nil && !errors.Is(err, content.ErrUnavailable) {
						t.Errorf("got %v", err)
					}
					if !about(got.waited, want) {
						t.Errorf("waited %v, want %v", got.waited, want)
					}
				})
			})
		}
	}
}

// Connections are refused, or accepted without a response.
func TestNoAnswer(t *testing.T) {
	const six = 7750 * time.Millisecond // the pauses between six attempts
	for _, tt := range []struct {
		name   string
		url    string
		build  func(w *world)
		text   string
		waited time.Duration
	}{
		{name: "refused", url: "http://registry.example", build: func(*world) {}, text: "dial tcp: connection refused", waited: six},
		{
			name: "silent", url: "http://registry.example", build: func(w *world) { w.silence("registry.example:80") },
			text: "net/http: timeout awaiting response headers", waited: 6*30*time.Second + six,
		},
		{
			name: "silent in the TLS handshake", url: "https://example.com", build: func(w *world) { w.silence("example.com:443") },
			text: "net/http: TLS handshake timeout", waited: 6*10*time.Second + six,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				tt.build(w)
				start := time.Now()
				_, err := w.client().Blob(t.Context(), app(t, tt.url), ocispec.Descriptor{Digest: helloDigest})
				if !errors.Is(err, content.ErrUnavailable) || !strings.HasSuffix(err.Error(), tt.text) {
					t.Errorf("got %v", err)
				}
				if waited := time.Since(start); !about(waited, tt.waited) || len(w.told.lines) != 5 {
					t.Errorf("gave up after %v, want about %v, and %q", waited, tt.waited, w.told.lines)
				}
			})
		})
	}
}

// Over TLS, HTTP/2 fails in its own ways, and redirects to http are not followed.
func TestTLSFaults(t *testing.T) {
	data := randomBytes(3_000_000)
	for _, tt := range []struct {
		faults string
		err    string
		kind   error
		asked  []string
	}{
		{faults: "label", asked: []string{"blob 200"}},
		{faults: "cut after=1000000 times=1", asked: []string{"blob 200", "blob 1000000- 206"}},
		{faults: "reset after=1000000 times=1", asked: []string{"blob 200", "blob 1000000- 206"}},
		{faults: "truncate after=1000000 times=1", asked: []string{"blob 200", "blob 1000000- 206"}},
		{faults: "hangup times=1", asked: []string{"blob 0", "blob 200"}},
		{faults: "stall after=1000000 times=1", asked: []string{"blob 200", "blob 1000000- 206"}},
		{faults: "redirect to=http://registry.example", err: "the registry redirects from https to http://registry.example: not followed", asked: []string{"blob 307"}},
		{faults: "redirect to=https://example.com", asked: []string{"blob 307", "cdn 200"}},
	} {
		t.Run(tt.faults, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				r := w.serveTLS("example.com:443", faults.New())
				plain := w.serve("registry.example:80", faults.New())
				r.Add(tt.faults)
				d := r.AddBlob(data)
				var got bytes.Buffer
				_, err := copyBlob(t, w.client(), app(t, "https://example.com"), ocispec.Descriptor{Digest: d}, &got)
				switch {
				case tt.err == "" && (err != nil || !bytes.Equal(got.Bytes(), data)):
					t.Errorf("got %v, %d bytes", err, got.Len())
				case tt.err != "" && (err == nil || !strings.HasSuffix(err.Error(), tt.err)):
					t.Errorf("got %v, want %s", err, tt.err)
				}
				if lines := asked(r); !slices.Equal(lines, tt.asked) || len(asked(plain)) != 0 {
					t.Errorf("asked %q, want %q; and in the clear %q", lines, tt.asked, asked(plain))
				}
			})
		})
	}
}
