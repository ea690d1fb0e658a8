package inflate

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
)

// BenchmarkReader compares this package with klauspost/compress: go test -bench
// Reader -cpu 1
func BenchmarkReader(b *testing.B) {
	content := goroot(b, 32<<20)
	packed := pack(b, 6, content)
	for _, bb := range []struct {
		name string
		open func(io.Reader) (io.Reader, error)
	}{
		{"inflate", func(r io.Reader) (io.Reader, error) { return NewReader(r) }},
		{"klauspost", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				r, err := bb.open(bytes.NewReader(packed))
				if err != nil {
					b.Fatal(err)
				}
				if n, err := io.Copy(io.Discard, r); err != nil || n != int64(len(content)) {
					b.Fatal(n, err)
				}
			}
		})
	}
}

// goroot returns a tar archive of a program and texts, similar to a layer: this
// test itself, and Go's sources.
func goroot(b *testing.B, size int) []byte {
	b.Helper()
	var content bytes.Buffer
	w := tar.NewWriter(&content)
	add := func(path string) {
		data, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		if err := w.WriteHeader(&tar.Header{Name: path[1:], Mode: 0o644, Size: int64(len(data))}); err != nil {
			b.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			b.Fatal(err)
		}
	}
	program, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	add(program)
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		b.Fatal(err)
	}
	sources, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(root)), "src/*/*.go"))
	if err != nil {
		b.Fatal(err)
	}
	for _, path := range sources {
		if content.Len() < size {
			add(path)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	if content.Len() < size/4 {
		b.Fatalf("%d bytes of content", content.Len())
	}
	return content.Bytes()
}
