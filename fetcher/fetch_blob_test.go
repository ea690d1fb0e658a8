package fetcher

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"hocker/fetcher/content"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

var fetchBlobTests = []struct {
	name   string
	before string // in the file already
	pieces []piece
	ranges []string // asked for
	after  string   // in the file; empty: hello
	err    string   // a part of it
	verify bool     // it is a *VerifyError
}{
	{name: "whole", pieces: []piece{{body: "hello"}}, ranges: []string{""}},
	{name: "the rest", before: "hel", pieces: []piece{{status: 206, header: rest("bytes 3-4/5"), body: "lo"}}, ranges: []string{"bytes=3-"}},
	{name: "the rest, from a server without ranges", before: "hel", pieces: []piece{{body: "hello"}}, ranges: []string{"bytes=3-"}},
	{name: "nothing left", before: "hello", pieces: []piece{{status: 416}, {body: "hello"}}, ranges: []string{"bytes=5-", ""}},
	{name: "nothing left, according to the server", before: "hello", pieces: []piece{{status: 416, header: map[string]string{"Content-Range": "bytes */5"}}}, ranges: []string{"bytes=5-"}},
	{name: "wrong start", before: "xxx", pieces: []piece{{status: 206, header: rest("bytes 3-4/5"), body: "lo"}, {body: "hello"}}, ranges: []string{"bytes=3-", ""}},
	{name: "too long", before: "hello, you", pieces: []piece{{status: 416}, {body: "hello"}}, ranges: []string{"bytes=10-", ""}},
	{name: "cut", pieces: []piece{{header: ranges, length: 5, body: "he", end: errCut}, {status: 206, header: rest("bytes 2-4/5"), body: "llo"}}, ranges: []string{"", "bytes=2-"}},
	{name: "wrong once", pieces: []piece{{body: "wrong"}, {body: "hello"}}, ranges: []string{"", ""}},
	{name: "wrong twice", pieces: []piece{{body: "wrong"}}, ranges: []string{"", ""}, after: "empty", err: "content does not match its digest", verify: true},
	{name: "wrong twice, after a wrong start", before: "xxx", pieces: []piece{{status: 206, header: rest("bytes 3-4/5"), body: "lo"}, {body: "wrong"}}, ranges: []string{"bytes=3-", "", ""}, after: "empty", err: "content does not match its digest", verify: true},
	{name: "a lost transfer keeps the start", pieces: []piece{{header: ranges, length: 5, body: "he", end: errCut}, {status: 404}}, ranges: []string{"", "bytes=2-"}, after: "he", err: "404 Not Found"},
	{name: "not found", pieces: []piece{{status: 404}}, ranges: []string{""}, after: "empty", err: "404 Not Found"},
}

func TestFetchBlob(t *testing.T) {
	for _, tt := range fetchBlobTests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "blob")
			if err := os.WriteFile(path, []byte(tt.before), 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			synctest.Test(t, func(t *testing.T) {
				w := &wire{pieces: tt.pieces}
				n, err := (&Client{Transport: w}).FetchBlob(t.Context(), farApp, ocispec.Descriptor{Digest: helloDigest}, f, nil)
				var mismatch *content.VerifyError
				switch {
				case tt.err == "" && (err != nil || n != 5):
					t.Errorf("got %d, %v", n, err)
				case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err) || errors.As(err, &mismatch) != tt.verify || n != 0):
					t.Errorf("got %d, %v", n, err)
				}
				if got := w.header("Range"); !slices.Equal(got, tt.ranges) {
					t.Errorf("asked for %q, want %q", got, tt.ranges)
				}
			})
			after := map[string]string{"": "hello", "empty": ""}[tt.after]
			if tt.after == "he" {
				after = "he"
			}
			if got, err := os.ReadFile(path); err != nil || string(got) != after {
				t.Errorf("the file holds %q, %v, want %q", got, err, after)
			}
		})
	}
}
