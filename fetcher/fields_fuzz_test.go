package fetcher

import (
	"math"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"hocker/fetcher/internal/transfer"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// contentRange is the grammar: the spaces and signs that some parsers of numbers accept are
// not in it.
var contentRange = regexp.MustCompile(`^bytes ([0-9]+)-([0-9]+)/([0-9]+|\*)$`)

// What is accepted has the form of RFC 9110, and is a part of a whole.
func FuzzParseContentRange(f *testing.F) {
	for _, tt := range contentRangeTests {
		f.Add(tt.in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		var first, last, whole big.Int
		found := contentRange.FindStringSubmatch(in)
		ok := found != nil
		if ok {
			first.SetString(found[1], 10)
			last.SetString(found[2], 10)
			if _, known := whole.SetString(found[3], 10); !known {
				whole.SetInt64(math.MaxInt64) // no file is larger
			}
			ok = first.Cmp(&last) <= 0 && last.Cmp(&whole) < 0 && whole.IsInt64()
		}
		offset, size, err := parseContentRange(in)
		switch {
		case (err == nil) != ok:
			t.Errorf("%q is read as %d of %d, %v", in, offset, size, err)
		case ok && found[3] == "*" && size != transfer.SizeUnknown, ok && found[3] != "*" && size != whole.Int64(), ok && offset != first.Int64():
			t.Errorf("%q is read as %d of %d", in, offset, size)
		}
	})
}

// A wait is never negative, and a number is a number of seconds.
func FuzzRetryAfter(f *testing.F) {
	for _, in := range []string{"", "0", "120", "-1", "99999999999999999999", "Fri, 31 Dec 1999 23:59:59 GMT", "Fri, 31 Dec 1999 22:00:00 GMT", "1.5", "soon"} {
		f.Add(in)
	}
	now := time.Date(1999, 12, 31, 23, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, in string) {
		wait, ok := retryAfter(&http.Response{Header: http.Header{"Retry-After": {in}}}, now)
		seconds, err := strconv.ParseUint(in, 10, 31)
		switch {
		case wait < 0, !ok && wait != 0, err == nil && !ok:
			t.Errorf("%q is read as %s, %t", in, wait, ok)
		case err == nil && wait != time.Duration(seconds)*time.Second:
			t.Errorf("%q is read as %s", in, wait)
		}
	})
}

// answers are what a server may send for the blob "hello".
var answers = []piece{
	{body: "hello"},
	{body: "wrong"},
	{body: "hello, you"},
	{body: ""},
	{header: ranges, length: 5, body: "he", end: errCut},
	{header: ranges, length: 5, body: "hel", end: errStall},
	{length: unannounced, body: "hell"},
	{status: 206, header: rest("bytes 2-4/5"), body: "llo"},
	{status: 206, header: rest("bytes 3-4/5"), body: "lo"},
	{status: 206, header: rest("bytes 3-4/*"), body: "xx"},
	{status: 206, header: rest("bytes 4-3/5"), body: "lo"},
	{status: 206, header: rest("bytes 0-4/5"), length: 5, body: "h", end: errCut},
	{status: 416},
	{status: 416, header: map[string]string{"Content-Range": "bytes */5"}},
	{status: 404},
	{status: 429, header: map[string]string{"Retry-After": "1"}},
	{status: 503},
	{err: errCut},
}

// Whatever the server answers, a fetched blob is right. Each byte is an answer.
func FuzzFetchBlob(f *testing.F) {
	for i := range answers {
		f.Add("", []byte{byte(i), 0})
		f.Add("hel", []byte{byte(i), byte(i + 1), 0})
	}
	f.Fuzz(func(t *testing.T, before string, chosen []byte) {
		if len(chosen) == 0 || len(chosen) > 20 {
			return
		}
		path := filepath.Join(t.TempDir(), "blob")
		if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		w := &wire{}
		for _, i := range chosen {
			w.pieces = append(w.pieces, answers[int(i)%len(answers)])
		}
		synctest.Test(t, func(t *testing.T) {
			n, err := (&Client{Transport: w}).FetchBlob(t.Context(), farApp, ocispec.Descriptor{Digest: helloDigest}, file, nil)
			got, readErr := os.ReadFile(path)
			if readErr != nil {
				t.Fatal(readErr)
			}
			if err == nil && (string(got) != "hello" || n != 5) || err != nil && n != 0 {
				t.Errorf("the file holds %q; got %d, %v", got, n, err)
			}
		})
	})
}
