package erofs

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

// What a Writer writes, archive/tar reads as the same entries.
func TestWriter(t *testing.T) {
	headers := []*tar.Header{
		{Typeflag: tar.TypeDir, Name: ".", Mode: 0o755, ModTime: epoch},
		{Typeflag: tar.TypeReg, Name: long + "/" + long, Mode: 0o4755, Uid: 1 << 21, Gid: 4294967294, Size: 513, ModTime: time.Unix(1<<34, 123000000)},
		{Typeflag: tar.TypeReg, Name: "e\u00e9\xff\n=", Size: 1, ModTime: epoch, PAXRecords: map[string]string{
			"SCHILY.xattr.user.a": "\x00\xff=\n", "SCHILY.xattr.user.b": strings.Repeat("x", 89),
		}},
		{Typeflag: tar.TypeLink, Name: "h", Linkname: long + "/" + long, ModTime: epoch},
		{Typeflag: tar.TypeChar, Name: "c", Devmajor: 4095, Devminor: 1048575, ModTime: epoch},
	}
	var b bytes.Buffer
	w := NewWriter(&b)
	var want []string
	for _, h := range headers {
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(make([]byte, h.Size)); err != nil {
			t.Fatal(err)
		}
		want = append(want, describe(h))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for r := tar.NewReader(&b); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for key := range h.PAXRecords {
			if !strings.HasPrefix(key, xattrRecord) {
				delete(h.PAXRecords, key)
			}
		}
		h.Name = strings.TrimSuffix(h.Name, "/")
		got = append(got, describe(h))
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s\nexpected\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// mkfs.erofs reads a fraction of fewer digits as that many nanoseconds, and without a
// record for the time its nanoseconds are what was in memory.
func TestWriterTime(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "a", ModTime: time.Unix(1600000000, 5000)}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if record := "30 mtime=1600000000.000005000\n"; !strings.Contains(b.String(), record) {
		t.Errorf("no record %q in %q", record, b.String())
	}
}

func TestWriterSize(t *testing.T) {
	w := NewWriter(io.Discard)
	h := &tar.Header{Typeflag: tar.TypeReg, Name: "a", Size: 2, ModTime: epoch}
	if err := w.WriteHeader(h); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 3)); !errors.Is(err, tar.ErrWriteTooLong) {
		t.Errorf("too long: %v", err)
	}
	if _, err := w.Write(make([]byte, 1)); err != nil {
		t.Error(err)
	}
	for _, err := range []error{w.WriteHeader(h), w.Close()} {
		if err == nil || err.Error() != "an entry is 1 byte too short" {
			t.Errorf("too short: %v", err)
		}
	}
}

// copyLayer writes the entries of a layer as an archive for mkfs.erofs.
func copyLayer(w io.Writer, layer io.Reader) (Contents, error) {
	to := NewWriter(w)
	contents, err := CopyLayer(to, layer)
	if err == nil {
		err = to.Close()
	}
	return contents, err
}

// An opaque root cannot be said with a marker.
func TestCopyLayerOpaqueRoot(t *testing.T) {
	var b bytes.Buffer
	_, err := copyLayer(&b, bytes.NewReader(archiveOf(t, folderEntry("./", 0o700), fileEntry("a"), fileEntry(".wh..wh..opq"))))
	if err != nil {
		t.Fatal(err)
	}
	tree, err := readTree(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if want := `5 . 0700 0:0 SCHILY.xattr.trusted.overlay.opaque="y"`; describe(tree[root]) != want || len(tree) != 2 {
		t.Errorf("%s, expected %s", describe(tree[root]), want)
	}
}

// FuzzCopyLayer feeds arbitrary archives. What is accepted becomes an archive of one
// tree, which needs no more than it has.
func FuzzCopyLayer(f *testing.F) {
	for _, test := range readTests {
		f.Add(archiveOf(f, test.headers...))
	}
	for _, test := range refusedTests {
		f.Add(archiveOf(f, test.headers...))
	}
	f.Fuzz(func(t *testing.T, archive []byte) {
		var b bytes.Buffer
		// A sparse file of a few bytes may be very long.
		if _, err := copyLayer(&limited{&b, 1 << 20}, bytes.NewReader(archive)); err != nil {
			return
		}
		if _, err := readTree(b.Bytes()); err != nil {
			t.Error(err)
		}
		var again bytes.Buffer
		if _, err := copyLayer(&again, bytes.NewReader(archive)); err != nil || !bytes.Equal(again.Bytes(), b.Bytes()) {
			t.Errorf("the second time it is another archive: %v", err)
		}
	})
}

// limited fails when more than left bytes are written.
type limited struct {
	w    io.Writer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, io.ErrShortWrite
	}
	return l.w.Write(p)
}

// readTree reads an archive for mkfs.erofs and checks what mkfs.erofs relies on.
func readTree(archive []byte) (map[string]*tar.Header, error) {
	tree := map[string]*tar.Header{}
	isFolder := func(name string) bool { return tree[name] != nil && tree[name].Typeflag == tar.TypeDir }
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := r.Next()
		if err == io.EOF {
			return tree, nil
		}
		if err != nil {
			return nil, err
		}
		name, err := CleanName(h.Name)
		if err != nil || name != strings.TrimSuffix(h.Name, "/") {
			return nil, fmt.Errorf("the name %q: %v", h.Name, err)
		}
		for _, dir := range folders(name) {
			if !isFolder(dir) {
				return nil, fmt.Errorf("%q without its folder %q", name, dir)
			}
		}
		if tree[name] != nil && !(isFolder(name) && h.Typeflag == tar.TypeDir) {
			return nil, fmt.Errorf("%q twice", name)
		}
		if h.Typeflag == tar.TypeLink && (tree[h.Linkname] == nil || isFolder(h.Linkname)) {
			return nil, fmt.Errorf("the hard link %q to %q", name, h.Linkname)
		}
		for key := range h.PAXRecords {
			if strings.Contains(key, ".overlay.") && name != root {
				return nil, fmt.Errorf("%q has %s", name, key)
			}
			if !strings.HasPrefix(key, xattrRecord) {
				delete(h.PAXRecords, key)
			}
		}
		h.Name = name
		tree[name] = h
	}
}
