package fetcher

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"

	"hocker/test/faults"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

var progressTests = []struct {
	name   string
	before string // in the file already
	pieces []piece
	want   []string
}{
	{name: "stated", pieces: []piece{{length: 5, body: "hello"}}, want: []string{"5/5"}},
	{name: "not stated", pieces: []piece{{length: -1, body: "hello"}}, want: []string{"5/-1"}},
	{name: "the rest", before: "hel", pieces: []piece{{status: 206, header: rest("bytes 3-4/5"), body: "lo"}}, want: []string{"5/5"}},
	{name: "wrong once", pieces: []piece{{length: 5, body: "wrong"}, {length: 5, body: "hello"}}, want: []string{"5/5", "5/5"}},
	{name: "not found", pieces: []piece{{status: 404}}},
}

func TestProgress(t *testing.T) {
	for _, tt := range progressTests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := os.Create(filepath.Join(t.TempDir(), "blob"))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if _, err := f.WriteString(tt.before); err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				var got []string
				c := &Client{Transport: &wire{pieces: tt.pieces}}
				progress := func(done, size int64) { got = append(got, fmt.Sprintf("%d/%d", done, size)) }
				if _, err := c.FetchBlob(t.Context(), farApp, ocispec.Descriptor{Digest: helloDigest}, f, progress); (err == nil) != (tt.want != nil) {
					t.Error(err)
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("got %q, want %q", got, tt.want)
				}
			})
		})
	}
}

// With several connections, progress never decreases and reaches the size.
func TestParallelProgress(t *testing.T) {
	data := randomBytes(17 << 20)
	inWorld(t, func(t *testing.T, w *world) {
		r := w.serve("registry.example:80", faults.New())
		r.Add("slow max=20000000")
		var last int64
		c := w.client()
		progress := func(done, size int64) {
			if done < last || size != int64(len(data)) {
				t.Errorf("%d of %d after %d", done, size, last)
			}
			last = done
		}
		f, err := os.Create(filepath.Join(t.TempDir(), "blob"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		desc := ocispec.Descriptor{Digest: r.AddBlob(data)}
		if _, err := c.FetchBlob(t.Context(), app(t, "http://registry.example"), desc, f, progress); err != nil {
			t.Error(err)
		}
		if last != int64(len(data)) {
			t.Errorf("%d in the end, want %d", last, len(data))
		}
	})
}
