package fetcher

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"hocker/fetcher/content"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

var hello = answer{body: "hello"}

// blobTests fetch the blob with the digest of hello.
var blobTests = []struct {
	name    string
	handler http.Handler
	size    int64 // as the manifest states it
	failure
	requests int // 0 means 1
}{
	{name: "right", handler: hello},
	{name: "right size", handler: hello, size: 5},
	{name: "negative size is unknown", handler: hello, size: -1},
	{name: "length not announced", handler: answer{body: "hello", length: unannounced}, size: 5},
	{name: "a wrong digest header is ignored", handler: answer{body: "hello", header: map[string]string{"Docker-Content-Digest": string(wrongDigest)}}},
	{
		name: "wrong content", handler: answer{body: "wrong"}, size: 5,
		failure: failure{
			text:   "blob of HOST/org/app@" + string(helloDigest) + ": content does not match its digest: want " + string(helloDigest) + ", got " + string(wrongDigest) + " (5 bytes from HOST)",
			verify: &content.VerifyError{Want: helloDigest, Got: wrongDigest, Read: 5, Size: 5, Host: "HOST"},
		},
	},
	{
		name:    "wrong content and wrong digest header",
		handler: answer{body: "wrong", header: map[string]string{"Docker-Content-Digest": string(wrongDigest)}},
		failure: failure{
			text:   "blob of HOST/org/app@" + string(helloDigest) + ": content does not match its digest: want " + string(helloDigest) + ", got " + string(wrongDigest) + " (5 bytes from HOST)",
			verify: &content.VerifyError{Want: helloDigest, Got: wrongDigest, Read: 5, Size: content.SizeUnknown, Host: "HOST"},
		},
	},
	{
		name: "empty", handler: answer{},
		failure: failure{
			text:   "blob of HOST/org/app@" + string(helloDigest) + ": content does not match its digest: want " + string(helloDigest) + ", got " + string(digest.FromString("")) + " (0 bytes from HOST)",
			verify: &content.VerifyError{Want: helloDigest, Got: digest.FromString(""), Read: 0, Size: content.SizeUnknown, Host: "HOST"},
		},
	},
	{
		name: "longer", handler: answer{body: "hello!", length: unannounced}, size: 5,
		failure: failure{
			text:   "blob of HOST/org/app@" + string(helloDigest) + ": content is too long: expected 5 bytes for " + string(helloDigest) + ", received more",
			verify: &content.VerifyError{Want: helloDigest, Read: 6, Size: 5, Host: "HOST"},
		},
	},
	{
		name: "longer, as announced", handler: answer{body: "hello!"}, size: 5,
		failure: failure{
			text:   "blob of HOST/org/app@" + string(helloDigest) + ": the registry offers 6 bytes, the manifest says 5: content is too long: expected 5 bytes for " + string(helloDigest) + ", received more",
			verify: &content.VerifyError{Want: helloDigest, Read: 6, Size: 5},
		},
	},
	{
		name: "shorter, as announced", handler: answer{body: "hell"}, size: 5,
		failure: failure{
			text:   "blob of HOST/org/app@" + string(helloDigest) + ": the registry offers 4 bytes, the manifest says 5: content is too short: expected 5 bytes for " + string(helloDigest) + ", received 4",
			verify: &content.VerifyError{Want: helloDigest, Read: 4, Size: 5},
		},
	},
	{
		name: "shorter", handler: answer{body: "hell", length: unannounced}, size: 5,
		failure: failure{
			text:   "blob of HOST/org/app@" + string(helloDigest) + ": content is too short: expected 5 bytes for " + string(helloDigest) + ", received 4",
			verify: &content.VerifyError{Want: helloDigest, Got: digest.FromString("hell"), Read: 4, Size: 5, Host: "HOST"},
		},
	},
	{
		name: "206 without a range request", handler: answer{status: 206, body: "hello"},
		failure: failure{text: "blob of HOST/org/app@" + string(helloDigest) + ": GET http://HOST/v2/org/app/blobs/" + string(helloDigest) + ": 206 Partial Content"},
	},
	{
		name: "unauthorized", handler: answer{status: 401},
		failure: failure{kind: content.ErrDenied, text: "blob of HOST/org/app@" + string(helloDigest) + ": GET http://HOST/v2/org/app/blobs/" + string(helloDigest) + ": 401 Unauthorized"},
	},
	{
		name: "forbidden", handler: answer{status: 403, body: `{"errors":[{"code":"DENIED","message":"not yours","detail":"hunter2"}]}`},
		failure: failure{kind: content.ErrDenied, text: "blob of HOST/org/app@" + string(helloDigest) + ": GET http://HOST/v2/org/app/blobs/" + string(helloDigest) + ": 403 Forbidden (DENIED not yours)"},
	},
	{
		name: "not found", handler: answer{status: 404, body: `{"errors":[{"code":"BLOB_UNKNOWN","message":"blob unknown\nto registry"},{"code":"NAME_UNKNOWN"}]}`},
		failure: failure{kind: content.ErrNotFound, text: "blob of HOST/org/app@" + string(helloDigest) + ": GET http://HOST/v2/org/app/blobs/" + string(helloDigest) + ": 404 Not Found (BLOB_UNKNOWN blob unknown to registry; NAME_UNKNOWN)"},
	},
	{
		name: "not found, in many words", handler: answer{status: 404, body: `{"errors":[{"code":"X","message":"` + strings.Repeat("y", 4000) + `"}]}`},
		failure: failure{kind: content.ErrNotFound, text: "blob of HOST/org/app@" + string(helloDigest) + ": GET http://HOST/v2/org/app/blobs/" + string(helloDigest) + ": 404 Not Found (X " + strings.Repeat("y", 298) + "…)"},
	},
	{
		name: "gone, with a web page", handler: answer{status: 410, body: `<html>hunter2</html>`},
		failure: failure{kind: content.ErrNotFound, text: "blob of HOST/org/app@" + string(helloDigest) + ": GET http://HOST/v2/org/app/blobs/" + string(helloDigest) + ": 410 Gone"},
	},
	{
		name: "bad request", handler: answer{status: 400},
		failure: failure{text: "blob of HOST/org/app@" + string(helloDigest) + ": GET http://HOST/v2/org/app/blobs/" + string(helloDigest) + ": 400 Bad Request"},
	},
	{name: "unavailable at first", handler: times(5, answer{status: 503}, hello), requests: 6},
	{name: "too many requests at first", handler: times(2, answer{status: 429, header: map[string]string{"Retry-After": "0"}}, hello), requests: 3},
	{name: "a closed connection at first", handler: times(2, hangUp, hello), requests: 3},
	{name: "various errors at first", handler: inTurn(answer{status: 500}, answer{status: 502}, answer{status: 504}, answer{status: 408}, hello), requests: 5},
	{
		name: "unavailable", handler: answer{status: 503}, requests: 6,
		failure: failure{kind: content.ErrUnavailable, text: "blob of HOST/org/app@" + string(helloDigest) + ": GET http://HOST/v2/org/app/blobs/" + string(helloDigest) + ": 503 Service Unavailable"},
	},
	{
		name: "too many requests", handler: answer{status: 429, body: `{"errors":[{"code":"TOOMANYREQUESTS","message":"pull rate limit"}]}`}, requests: 6,
		failure: failure{kind: content.ErrUnavailable, text: "blob of HOST/org/app@" + string(helloDigest) + ": GET http://HOST/v2/org/app/blobs/" + string(helloDigest) + ": 429 Too Many Requests (TOOMANYREQUESTS pull rate limit)"},
	},
	{
		name: "closed connections", handler: hangUp, requests: 6,
		failure: failure{kind: content.ErrUnavailable, text: "blob of HOST/org/app@" + string(helloDigest) + ": GET http://HOST/v2/org/app/blobs/" + string(helloDigest) + ": EOF"},
	},
	{
		name: "not implemented", handler: answer{status: 501},
		failure: failure{kind: content.ErrUnavailable, text: "blob of HOST/org/app@" + string(helloDigest) + ": GET http://HOST/v2/org/app/blobs/" + string(helloDigest) + ": 501 Not Implemented"},
	},
}

func TestBlob(t *testing.T) {
	for _, tt := range blobTests {
		t.Run(tt.name, func(t *testing.T) {
			s := startServer(t, tt.handler)
			got, err := fetchBlob(t, &Client{}, s.app(t), helloDigest, tt.size)
			tt.check(t, err, s.host())
			if err == nil && got != "hello" {
				t.Errorf("got %q", got)
			}
			asked := s.asked()
			if len(asked) != max(tt.requests, 1) {
				t.Errorf("%d requests, want %d", len(asked), max(tt.requests, 1))
			}
			for _, r := range asked {
				if r.Method != "GET" || r.URL.String() != "/v2/org/app/blobs/"+string(helloDigest) || r.Header.Get("Authorization") != "" {
					t.Errorf("asked %s %s %v", r.Method, r.URL, r.Header)
				}
			}
		})
	}
}

// Digests are of the stored bytes. A transport that decodes a Content-Encoding
// would change them.
func TestBlobContentEncoding(t *testing.T) {
	const gzipped = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36\x05\x00\x00\x00" // hello
	s := startServer(t, answer{body: gzipped, header: map[string]string{"Content-Encoding": "gzip"}})
	got, err := fetchBlob(t, &Client{}, s.app(t), digest.FromString(gzipped), int64(len(gzipped)))
	if err != nil || got != gzipped {
		t.Errorf("got %q, %v", got, err)
	}
	m, err := (&Client{}).Manifest(t.Context(), reference.Reference{Repository: s.app(t), Tag: "1"})
	if err != nil || string(m.Bytes) != gzipped {
		t.Errorf("got %q, %v", m.Bytes, err)
	}
	if encodings := s.header("Accept-Encoding"); encodings[0] != "identity" || encodings[1] == "gzip" {
		t.Errorf("asked for encodings %q", encodings)
	}
}

// The errors of a blob reader are sticky and name the blob.
func TestBlobReader(t *testing.T) {
	s := startServer(t, answer{body: "wrong"})
	body, err := (&Client{}).Blob(t.Context(), s.app(t), ocispec.Descriptor{Digest: helloDigest})
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	var fetch *FetchError
	for range 2 {
		_, err = io.ReadAll(body)
		if !errors.As(err, &fetch) || fetch.What != "blob" || fetch.From != s.host()+"/org/app@"+string(helloDigest) {
			t.Errorf("got %v", err)
		}
	}
}

// A full disk is reported as such, not as a failure of the registry.
func TestBlobDiskFull(t *testing.T) {
	full := errors.New("disk full")
	data := randomBytes(4 << 20)
	s := startServer(t, answer{body: string(data)})
	// Seen by the race detector: the body is closed while the goroutine of
	// CopyAhead reads on. Trace gets a count that still changes, and the reader
	// opens the blob anew or panics.
	c := &Client{Trace: func(Exchange) {}}
	n, err := copyBlob(t, c, s.app(t), ocispec.Descriptor{Digest: digest.FromBytes(data)}, &fullDisk{1 << 20, full})
	if !errors.Is(err, full) || n != 1<<20 {
		t.Errorf("wrote %d bytes, %v", n, err)
	}
}

// A malformed digest is an error, before any request.
func TestMalformedDigest(t *testing.T) {
	s := startServer(t, hello)
	for _, d := range []digest.Digest{"", "sha256", "sha256:../../../secret", "md5:5d41402abc4b2a76b9719d911017c592"} {
		func() {
			defer func() {
				if p := recover(); p != nil {
					t.Errorf("%q panics: %v", d, p)
				}
			}()
			var input *reference.InputError
			if _, err := fetchBlob(t, &Client{}, s.app(t), d, 0); !errors.As(err, &input) {
				t.Errorf("%q: %v", d, err)
			}
		}()
	}
	if n := len(s.asked()); n != 0 {
		t.Errorf("%d requests", n)
	}
}
