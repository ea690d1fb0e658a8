package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"hocker/fetcher/content"
	"hocker/fetcher/image"
	"hocker/fetcher/internal/transfer"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// blobs is a source of blobs by digest that counts requests.
type blobs struct {
	data map[digest.Digest]string
	fail map[digest.Digest]error // returned instead of EOF

	noRanges bool
	tails    atomic.Int32 // number of calls of BlobTail

	mu    sync.Mutex
	asked map[digest.Digest]int
}

func (b *blobs) TeeBlob(ctx context.Context, _ reference.Repository, desc ocispec.Descriptor, f transfer.File, w io.Writer) (int64, error) {
	b.mu.Lock()
	b.asked[desc.Digest]++
	data, ok := b.data[desc.Digest]
	b.mu.Unlock()
	if !ok {
		return 0, fmt.Errorf("blob %.14s: %w", desc.Digest, content.ErrNotFound)
	}
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	var r io.Reader = strings.NewReader(data)
	if err := b.fail[desc.Digest]; err != nil {
		r = io.MultiReader(strings.NewReader(data[:len(data)/2]), brokenReader{err})
	}
	return io.Copy(io.MultiWriter(io.NewOffsetWriter(f, 0), w), content.Verify(r, desc.Digest, desc.Size))
}

// BlobTail fails, as for a server without ranges, unless a test sets its
// result.
func (b *blobs) BlobTail(_ context.Context, _ reference.Repository, desc ocispec.Descriptor, n int64) ([]byte, error) {
	b.tails.Add(1)
	data := b.data[desc.Digest]
	if b.noRanges || int64(len(data)) < n {
		return nil, errors.New("no ranges")
	}
	return []byte(data[int64(len(data))-n:]), nil
}

type brokenReader struct{ err error }

func (r brokenReader) Read([]byte) (int, error) { return 0, r.err }

// testExport returns the export of an image with the layers packed, whose
// content is unpacked.
func testExport(packed, unpacked []string) (*Export, *blobs) {
	source := &blobs{data: map[digest.Digest]string{}, fail: map[digest.Digest]error{}, asked: map[digest.Digest]int{}}
	ids := make([]string, len(unpacked))
	for i, data := range unpacked {
		ids[i] = fmt.Sprintf("%q", digest.FromString(data))
		source.data[digest.FromString(packed[i])] = packed[i]
	}
	config := `{"os":"linux","rootfs":{"type":"layers","diff_ids":[` + strings.Join(ids, ",") + `]}}`
	manifest := []byte(manifestOf(config, packed...))
	m, err := image.ParseManifest(manifest)
	if err != nil {
		panic(err)
	}
	return &Export{
		Source:    source,
		Reference: "debian:jessie",
		Image:     image.Resolved{Manifest: image.Manifest{Digest: digest.FromBytes(manifest), Bytes: manifest}, Image: m},
		Config:    []byte(config),
		Jobs:      3,
	}, source
}

var exportTests = []struct {
	name             string
	packed, unpacked []string
}{
	{name: "no layers"},
	{name: "one", packed: []string{gzipped("a")}, unpacked: []string{"a"}},
	{name: "every compression", packed: []string{gzipped("first"), "second", zstdFrame("third"), gzipped(strings.Repeat("x", 512))}, unpacked: []string{"first", "second", "third", strings.Repeat("x", 512)}},
	{name: "a layer twice", packed: []string{gzipped("a"), gzipped("b"), gzipped("a")}, unpacked: []string{"a", "b", "a"}},
	{name: "a layer twice, compressed in two ways", packed: []string{gzipped("a"), zstdFrame("a")}, unpacked: []string{"a", "a"}},
	{name: "empty layers", packed: []string{gzipped(""), "", gzipped("a")}, unpacked: []string{"", "", "a"}},
	{name: "many", packed: numbered(gzipped), unpacked: numbered(func(s ...string) string { return s[0] })},
}

func numbered(pack func(...string) string) []string {
	var layers []string
	for i := range 40 {
		layers = append(layers, pack(strings.Repeat(fmt.Sprintf("layer %d", i), i*20%400)))
	}
	return layers
}

// exported writes an export as an archive and as a layout, and returns the
// files in both.
func exported(t *testing.T, e *Export) map[string]map[string]string {
	t.Helper()
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "archive"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := e.WriteArchive(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left beside the archive: %v, %v", left, err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	_, archive := readArchive(t, f)
	out := filepath.Join(dir, "layout")
	if err := e.WriteLayout(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	return map[string]map[string]string{"archive": archive, "layout": readFiles(t, out)}
}

func readFiles(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[filepath.ToSlash(name)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestExport(t *testing.T) {
	for _, tt := range exportTests {
		for _, compressed := range []bool{false, true} {
			name, want := tt.name+", unpacked", tt.unpacked
			if compressed {
				name, want = tt.name+", compressed", tt.packed
			}
			t.Run(name, func(t *testing.T) {
				e, source := testExport(tt.packed, tt.unpacked)
				e.Compressed = compressed
				for form, files := range exported(t, e) {
					l := readLayout(t, files)
					if form == "archive" {
						checkDockerArchive(t, files, l, []string{"debian:jessie"})
					}
					if compressed != (l.manifest == string(e.Image.Bytes)) {
						t.Errorf("%s: the manifest is %s", form, l.manifest)
					}
					var got []string
					for _, layer := range l.image.Layers {
						got = append(got, files["blobs/sha256/"+layer.Digest.Encoded()])
					}
					if !slices.Equal(got, want) {
						t.Errorf("%s: layers %q, want %q", form, got, want)
					}
				}
				// Once for the archive, once for the layout.
				for d, n := range source.asked {
					if n != 2 {
						t.Errorf("%s was fetched %d times", d, n)
					}
				}
			})
		}
	}
}

// The same image gives the same archive, in any order of transfers.
func TestExportIsReproducible(t *testing.T) {
	var first string
	packed, unpacked := numbered(gzipped), numbered(func(s ...string) string { return s[0] })
	for _, jobs := range []int{0, 1, 2, 40} {
		e, _ := testExport(packed, unpacked)
		e.Jobs = jobs
		f, err := os.Create(filepath.Join(t.TempDir(), "archive"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := e.WriteArchive(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = string(data)
		}
		if string(data) != first {
			t.Errorf("the archive differs with %d jobs", jobs)
		}
	}
}

var exportFailureTests = []struct {
	name   string
	change func(e *Export, source *blobs)
	err    error
	verify bool
	asked  int // most fetches of one layer for each output; 0 means 1
}{
	{name: "missing layer", change: func(_ *Export, s *blobs) { delete(s.data, digest.FromString(gzipped("2"))) }, err: content.ErrNotFound},
	{name: "broken transfer", change: func(_ *Export, s *blobs) { s.fail[digest.FromString(gzipped("0"))] = errPipe }, err: errPipe},
	{name: "wrong content", change: func(_ *Export, s *blobs) { s.data[digest.FromString(gzipped("3"))] = gzipped("9") }, verify: true, asked: 2},
	{name: "wrong diff ID", change: func(e *Export, _ *blobs) {
		e.Config = []byte(strings.ReplaceAll(string(e.Config), digest.FromString("1").Encoded(), digest.FromString("9").Encoded()))
	}, verify: true},
	{name: "too few diff IDs", change: func(e *Export, _ *blobs) { e.Config = []byte(configOf(3)) }},
	{name: "not a config", change: func(e *Export, _ *blobs) { e.Config = []byte(schema2) }},
}

// A failed export is an error and leaves no files beside the archive.
func TestExportFailures(t *testing.T) {
	for _, tt := range exportFailureTests {
		t.Run(tt.name, func(t *testing.T) {
			e, source := testExport([]string{gzipped("0"), gzipped("1"), gzipped("2"), gzipped("3")}, []string{"0", "1", "2", "3"})
			tt.change(e, source)
			dir := t.TempDir()
			f, err := os.Create(filepath.Join(dir, "archive"))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			for form, err := range map[string]error{"archive": e.WriteArchive(t.Context(), f), "layout": e.WriteLayout(t.Context(), t.TempDir())} {
				var mismatch *content.VerifyError
				if err == nil || tt.err != nil && !errors.Is(err, tt.err) || errors.As(err, &mismatch) != tt.verify {
					t.Errorf("%s: got %v", form, err)
				}
			}
			for d, n := range source.asked {
				if n > 2*max(tt.asked, 1) {
					t.Errorf("%s was fetched %d times for two outputs", d, n)
				}
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
				t.Errorf("left beside the archive: %v, %v", left, err)
			}
		})
	}
}

type unwatched struct{}

func (unwatched) Write(p []byte) (int, error) { return len(p), nil }
func (unwatched) Done(error)                  {}

func TestExportCancelled(t *testing.T) {
	e, source := testExport(numbered(gzipped), numbered(func(s ...string) string { return s[0] }))
	ctx, cancel := context.WithCancelCause(t.Context())
	e.Jobs = 1
	e.Watch = func(ocispec.Descriptor) Watcher {
		cancel(errPipe)
		return unwatched{}
	}
	if err := e.WriteLayout(ctx, t.TempDir()); !errors.Is(err, errPipe) || len(source.asked) != 1 {
		t.Errorf("%v after %d layers", err, len(source.asked))
	}
}

// Sizes are guessed from the gzip trailer. A wrong guess, as for layers of
// several members, does not change the archive.
func TestExportGuesses(t *testing.T) {
	large := strings.Repeat("content of a tar archive ", 10_000)
	random := string(randomBytes(guessFrom))
	for _, tt := range []struct {
		name             string
		packed, unpacked []string
	}{
		{"right", []string{gzipped(random), gzipped(random + "!"), gzipped("a")}, []string{random, random + "!", "a"}},
		{"too small", []string{gzipped("front", random), gzipped(random + "!"), gzipped("a")}, []string{"front" + random, random + "!", "a"}},
		{"implausible", []string{gzipped(random, "x"), gzipped(large), gzipped("a")}, []string{random + "x", large, "a"}},
		{"not gzip", []string{random, gzipped(random + "!"), gzipped("a")}, []string{random, random + "!", "a"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var archives [2][]byte
			for i, noRanges := range []bool{false, true} {
				e, source := testExport(tt.packed, tt.unpacked)
				source.noRanges = noRanges
				f, err := os.Create(filepath.Join(t.TempDir(), "out"))
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				if err := e.WriteArchive(t.Context(), f); err != nil {
					t.Fatal(err)
				}
				if source.tails.Load() == 0 {
					t.Error("no size was guessed")
				}
				if archives[i], err = os.ReadFile(f.Name()); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(archives[0], archives[1]) {
				t.Error("the archive depends on the guesses")
			}
		})
	}
}

// randomBytes returns n bytes that cannot be compressed.
func randomBytes(n int) []byte {
	data := make([]byte, n)
	source := rand.NewChaCha8([32]byte{})
	source.Read(data)
	return data
}
