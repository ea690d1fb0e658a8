package erofsfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The files that a Writer makes are read back in the tests of package erofs. These tests
// are for calls that no layer leads to.

func newWriter(t *testing.T) *Writer {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return New(f)
}

func folder(name string) Entry {
	return Entry{Name: name, Attributes: Attributes{Mode: Directory | 0o755}}
}

func file(name string, size int64) Entry {
	return Entry{Name: name, Attributes: Attributes{Mode: Regular | 0o644}, Size: size}
}

func TestWriterRefuses(t *testing.T) {
	for _, test := range []struct {
		name string
		call func(w *Writer) error
		err  string
	}{
		{"no folder", func(w *Writer) error { return w.Add(file("a/b", 0)) }, `entry "a/b": there is no folder for it`},
		{"below a file", func(w *Writer) error { return w.Add(file("file/b", 0)) }, `entry "file/b": there is no folder for it`},
		{"the root is a file", func(w *Writer) error { return w.Add(file(".", 0)) }, `entry ".": there is no folder for it`},
		{"in place of a folder", func(w *Writer) error { return w.Add(file("folder", 0)) }, `entry "folder": it is a folder already`},
		{"link to nothing", func(w *Writer) error { return w.Link("link", "none") }, `entry "link": there is no file "none"`},
		{"link to a folder", func(w *Writer) error { return w.Link("link", "folder") }, `entry "link": there is no file "folder"`},
		{"attribute of a file", func(w *Writer) error { return w.SetXattr("file", "user.x", "") }, `there is no folder "file"`},
		{"too short", func(w *Writer) error { w.Add(file("short", 2)); return w.Close() }, "the content of an entry is 2 bytes too short"},
		{"too long", func(w *Writer) error { w.Add(file("long", 2)); _, err := w.Write(make([]byte, 3)); return err }, "the entry has no more content"},
		{"too large", func(w *Writer) error { return w.Add(file("large", 1<<45)) }, `entry "large": an EROFS file has no room for more than 16 TiB`},
		{"kind of attribute", func(w *Writer) error {
			return w.Add(Entry{Name: "a", Attributes: Attributes{Mode: Regular, Xattrs: map[string]string{"system.other": ""}}})
		}, `entry "a": EROFS has no extended attribute "system.other"`},
		{"length of an attribute", func(w *Writer) error {
			return w.Add(Entry{Name: "a", Attributes: Attributes{Mode: Regular, Xattrs: map[string]string{"user.x": strings.Repeat("v", 1<<16)}}})
		}, `entry "a": the extended attribute "user.x" has 65536 bytes, and EROFS has room for 65535`},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWriter(t)
			for _, e := range []Entry{folder("."), folder("folder"), file("file", 0)} {
				if err := w.Add(e); err != nil {
					t.Fatal(err)
				}
			}
			if err := test.call(w); err == nil || err.Error() != test.err {
				t.Errorf("%v, expected %s", err, test.err)
			}
		})
	}
	if err := newWriter(t).Close(); err == nil || err.Error() != "there is no root folder" {
		t.Errorf("empty: %v", err)
	}
}

// What is placed does not overlap, keeps to slots, and stays in one block if it fits.
func TestPlace(t *testing.T) {
	s := space{blocks: 1}
	taken := map[int64]bool{}
	for i := range 2000 {
		size := 64 + i*37%6000
		at, err := s.place(size)
		if err != nil {
			t.Fatal(err)
		}
		if at%slotSize != 0 || size <= blockSize && at/blockSize != (at+int64(size)-1)/blockSize {
			t.Fatalf("%d bytes at %d", size, at)
		}
		for slot := at / slotSize; slot*slotSize < at+int64(size); slot++ {
			if slot < blockSize/slotSize || taken[slot] {
				t.Fatalf("%d bytes at %d: the place is taken", size, at)
			}
			taken[slot] = true
		}
	}
	if len(s.shared) > maxShared {
		t.Errorf("%d blocks are kept in mind", len(s.shared))
	}
}
