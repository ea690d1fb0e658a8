package fetcher

import (
	"errors"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hocker/fetcher/content"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
)

// wire is a transport without a network. It returns its pieces in turn, and then
// repeats the last one.
type wire struct {
	pieces []piece
	asked  []*http.Request
}

// piece is a response of a wire.
type piece struct {
	status int // 0 means 200
	header map[string]string
	length int // of the whole body; 0 means that of body, unannounced means none
	body   string
	end    error // instead of io.EOF; errStall makes the body stall
	err    error // instead of a response
}

var (
	errStall = errors.New("stall")
	errCut   = io.ErrUnexpectedEOF // as net/http returns it
)

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	p := w.pieces[min(len(w.asked), len(w.pieces)-1)]
	w.asked = append(w.asked, r)
	if p.err != nil {
		return nil, p.err
	}
	resp := &http.Response{StatusCode: max(p.status, 200), Header: http.Header{}, ContentLength: int64(max(p.length, len(p.body))), Request: r}
	if p.length == unannounced {
		resp.ContentLength = -1
	}
	for key, value := range p.header {
		resp.Header.Set(key, value)
	}
	resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(p.body), ending{p.end, r}))
	return resp, nil
}

// ending is how a body ends.
type ending struct {
	err     error
	request *http.Request
}

func (e ending) Read([]byte) (int, error) {
	switch e.err {
	case nil:
		return 0, io.EOF
	case errStall:
		<-e.request.Context().Done()
		return 0, e.request.Context().Err()
	}
	return 0, e.err
}

// header returns one header field of each request, in order.
func (w *wire) header(key string) []string {
	var values []string
	for _, r := range w.asked {
		values = append(values, r.Header.Get(key))
	}
	return values
}

// ranges is the header of a server that supports ranges.
var ranges = map[string]string{"Accept-Ranges": "bytes", "ETag": `"v1"`}

func rest(contentRange string) map[string]string {
	return map[string]string{"Content-Range": contentRange, "ETag": `"v1"`}
}

var resumeTests = []struct {
	name    string
	pieces  []piece
	ranges  []string // asked for
	ifRange []string
	waited  time.Duration // approximately; each pause varies by a quarter
	failure
}{
	{
		name:   "resumes",
		pieces: []piece{{header: ranges, length: 5, body: "he", end: errCut}, {status: 206, header: rest("bytes 2-4/5"), body: "llo"}},
		ranges: []string{"", "bytes=2-"}, ifRange: []string{"", `"v1"`}, waited: 250 * time.Millisecond,
	},
	{
		name: "one byte each time, which is no progress",
		pieces: []piece{
			{header: ranges, length: 5, body: "h", end: errCut}, {status: 206, header: rest("bytes 1-4/5"), length: 4, body: "e", end: errCut}, {status: 206, header: rest("bytes 2-4/5"), length: 3, body: "l", end: errCut},
			{status: 206, header: rest("bytes 3-4/5"), length: 2, body: "l", end: errCut}, {status: 206, header: rest("bytes 4-4/5"), body: "o"},
		},
		ranges: []string{"", "bytes=1-", "bytes=2-", "bytes=3-", "bytes=4-"}, ifRange: []string{"", `"v1"`, `"v1"`, `"v1"`, `"v1"`}, waited: 3750 * time.Millisecond,
	},
	{
		name:   "a server without ranges",
		pieces: []piece{{length: 5, body: "hel", end: errCut}, {body: "hello"}},
		ranges: []string{"", "bytes=3-"}, ifRange: []string{"", ""}, waited: 250 * time.Millisecond,
	},
	{
		name:   "weak validator",
		pieces: []piece{{header: map[string]string{"ETag": `W/"v1"`}, length: 5, body: "hel", end: errCut}, {status: 206, header: rest("bytes 3-4/*"), body: "lo"}},
		ranges: []string{"", "bytes=3-"}, ifRange: []string{"", ""}, waited: 250 * time.Millisecond,
	},
	{
		name:   "clean end before Content-Length",
		pieces: []piece{{header: ranges, length: 5, body: "hell"}, {status: 206, header: rest("bytes 4-4/5"), body: "o"}},
		ranges: []string{"", "bytes=4-"}, ifRange: []string{"", `"v1"`}, waited: 250 * time.Millisecond,
	},
	{
		name:   "stalled",
		pieces: []piece{{header: ranges, length: 5, body: "hel", end: errStall}, {status: 206, header: rest("bytes 3-4/5"), body: "lo"}},
		ranges: []string{"", "bytes=3-"}, ifRange: []string{"", `"v1"`}, waited: 30*time.Second + 250*time.Millisecond,
	},
	{
		name:   "the joined content is verified",
		pieces: []piece{{header: ranges, length: 5, body: "he", end: errCut}, {status: 206, header: rest("bytes 2-4/5"), body: "xxx"}},
		ranges: []string{"", "bytes=2-"}, ifRange: []string{"", `"v1"`}, waited: 250 * time.Millisecond,
		failure: failure{
			text:   "blob of registry.example/org/app@" + string(helloDigest) + ": content does not match its digest: want " + string(helloDigest) + ", got " + digest.FromString("hexxx").String() + " (5 bytes from registry.example)",
			verify: &content.VerifyError{Want: helloDigest, Got: digest.FromString("hexxx"), Read: 5, Size: content.SizeUnknown, Host: "registry.example"},
		},
	},
	{
		name:   "lost permanently",
		pieces: []piece{{header: ranges, length: 5, body: "he", end: errCut}, {status: 206, header: rest("bytes 2-4/5"), length: 3, end: errCut}},
		ranges: append([]string{""}, slices.Repeat([]string{"bytes=2-"}, 8)...), ifRange: append([]string{""}, slices.Repeat([]string{`"v1"`}, 8)...), waited: 61750 * time.Millisecond,
		failure: failure{kind: content.ErrUnavailable, text: "blob of registry.example/org/app@" + string(helloDigest) + ": connection lost at 2 bytes of 5 bytes: unexpected EOF"},
	},
	{
		name:   "stalled permanently",
		pieces: []piece{{header: ranges, length: 5, end: errStall}},
		ranges: make([]string, 9), ifRange: make([]string, 9), waited: 331750 * time.Millisecond,
		failure: failure{kind: content.ErrUnavailable, text: "blob of registry.example/org/app@" + string(helloDigest) + ": connection lost at 0 bytes of 5 bytes: connection stalled"},
	},
	{
		name:   "deleted during the transfer",
		pieces: []piece{{header: ranges, length: 5, body: "he", end: errCut}, {status: 404}},
		ranges: []string{"", "bytes=2-"}, ifRange: []string{"", `"v1"`}, waited: 250 * time.Millisecond,
		failure: failure{kind: content.ErrNotFound, text: "blob of registry.example/org/app@" + string(helloDigest) + ": GET https://registry.example/v2/org/app/blobs/" + string(helloDigest) + ": 404 Not Found"},
	},
	{
		name:   "another range",
		pieces: []piece{{header: ranges, length: 5, body: "he", end: errCut}, {status: 206, header: rest("bytes 3-4/5"), body: "lo"}},
		ranges: []string{"", "bytes=2-", ""}, ifRange: []string{"", `"v1"`, ""}, waited: 250 * time.Millisecond,
		failure: failure{kind: content.ErrUnavailable, text: "blob of registry.example/org/app@" + string(helloDigest) + ": the server starts at byte 3 instead of 2"},
	},
	{
		name:   "no Content-Range",
		pieces: []piece{{header: ranges, length: 5, body: "he", end: errCut}, {status: 206, body: "llo"}},
		ranges: []string{"", "bytes=2-", ""}, ifRange: []string{"", `"v1"`, ""}, waited: 250 * time.Millisecond,
		failure: failure{kind: content.ErrUnavailable, text: "blob of registry.example/org/app@" + string(helloDigest) + `: the server sent the malformed Content-Range ""`},
	},
}

// farApp is a repository reached through a wire.
var farApp = reference.Repository{Registry: reference.Registry{Scheme: "https", Host: "registry.example"}, Path: "org/app"}

func TestResume(t *testing.T) {
	for _, tt := range resumeTests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &wire{pieces: tt.pieces}
				start := time.Now()
				got, err := fetchHello(t, &Client{Transport: w}, farApp)
				tt.check(t, err)
				if err == nil && got != "hello" {
					t.Errorf("got %q", got)
				}
				if !slices.Equal(w.header("Range"), tt.ranges) {
					t.Errorf("asked for %q, want %q", w.header("Range"), tt.ranges)
				}
				if !slices.Equal(w.header("If-Range"), tt.ifRange) {
					t.Errorf("validators %q, want %q", w.header("If-Range"), tt.ifRange)
				}
				if waited := time.Since(start); waited < tt.waited*3/4 || waited > tt.waited*5/4 {
					t.Errorf("waited %v, want about %v", waited, tt.waited)
				}
			})
		})
	}
}

var contentRangeTests = []struct {
	in           string
	offset, size int64
	err          bool
}{
	{in: "bytes 0-4/5", offset: 0, size: 5},
	{in: "bytes 2-3/5", offset: 2, size: 5},
	{in: "bytes 2-3/*", offset: 2, size: content.SizeUnknown},
	{in: "bytes 4294967296-4294967297/9223372036854775807", offset: 1 << 32, size: math.MaxInt64},
	{in: "", err: true},
	{in: "2-3/5", err: true},
	{in: "bytes */5", err: true},
	{in: "bytes 2-3", err: true},
	{in: "bytes -2-3/5", err: true},
	{in: "bytes 3-2/5", err: true},
	{in: "bytes 2-5/5", err: true},
	{in: "bytes 2-3/x", err: true},
	{in: "bytes 2-99999999999999999999/5", err: true},
	{in: "items 2-3/5", err: true},
}

func TestParseContentRange(t *testing.T) {
	for _, tt := range contentRangeTests {
		t.Run(tt.in, func(t *testing.T) {
			offset, size, err := parseContentRange(tt.in)
			if (err != nil) != tt.err || offset != tt.offset || size != tt.size {
				t.Errorf("got %d, %d, %v", offset, size, err)
			}
		})
	}
}
