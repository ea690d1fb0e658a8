package erofs

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// plainOf makes an EROFS file of a layer, and returns it.
func plainOf(t testing.TB, archive []byte) ([]byte, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "layer.erofs")
	err := Mkfs{}.Make(t.Context(), file, func(to EntryWriter) error {
		_, err := CopyLayer(to, bytes.NewReader(archive))
		return err
	})
	if err != nil {
		if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("left behind: %v", err)
		}
		return nil, err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data, nil
}

// expectPlain returns what readPlain is to find for a layer.
func expectPlain(archive []byte) (map[string]string, error) {
	files, extra := map[string]string{}, map[string]map[string]string{}
	mark := func(folder, name, value string) {
		if extra[folder] == nil {
			extra[folder] = map[string]string{}
		}
		extra[folder][name] = value
	}
	folders := map[string]*tar.Header{}
	for r := NewReader(bytes.NewReader(archive)); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		hidden, whiteout := hiddenBy(h.Name)
		switch {
		case whiteout:
			mark(path.Dir(h.Name), "trusted.overlay.origin", "")
			files[hidden] = "020000 0:0 0 0"
		case isMarker(h.Name):
			mark(path.Dir(h.Name), "trusted.overlay.opaque", "y")
		case h.Typeflag == tar.TypeLink:
			files[h.Name] = files[h.Linkname]
		case h.Typeflag == tar.TypeDir:
			folders[h.Name] = h
		default:
			content, err := io.ReadAll(r)
			if err != nil {
				return nil, err
			}
			files[h.Name] = expectLine(h, content, nil)
		}
	}
	for name, h := range folders {
		files[name] = expectLine(h, nil, extra[name])
	}
	return files, nil
}

func expectLine(h *tar.Header, content []byte, extra map[string]string) string {
	modes := map[byte]uint32{
		tar.TypeReg: unix.S_IFREG, tar.TypeDir: unix.S_IFDIR, tar.TypeSymlink: unix.S_IFLNK,
		tar.TypeChar: unix.S_IFCHR, tar.TypeBlock: unix.S_IFBLK, tar.TypeFifo: unix.S_IFIFO,
	}
	line := fmt.Sprintf("%06o %d:%d %d", modes[h.Typeflag]|uint32(h.Mode), h.Uid, h.Gid, h.ModTime.UnixNano())
	switch h.Typeflag {
	case tar.TypeReg:
		line += fmt.Sprintf(" %d %08x", len(content), crc32.ChecksumIEEE(content))
	case tar.TypeSymlink:
		line += fmt.Sprintf(" -> %q", h.Linkname)
	case tar.TypeChar, tar.TypeBlock:
		line += fmt.Sprintf(" %d", unix.Mkdev(uint32(h.Devmajor), uint32(h.Devminor)))
	}
	xattrs := map[string]string{}
	for key, value := range h.PAXRecords {
		xattrs[strings.TrimPrefix(key, xattrRecord)] = value
	}
	maps.Copy(xattrs, extra)
	return line + xattrText(xattrs)
}

// comparePlain makes an EROFS file of a layer and compares them.
func comparePlain(t *testing.T, archive []byte) {
	t.Helper()
	want, err := expectPlain(archive)
	if err != nil {
		t.Fatal(err)
	}
	data, err := plainOf(t, archive)
	if err != nil {
		t.Fatal(err)
	}
	got, err := readPlain(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got[name] != want[name] {
			t.Errorf("%.80q: %.300s\nexpected %.300s", name, got[name], want[name])
		}
		delete(got, name)
	}
	for name, line := range got {
		t.Errorf("%.80q: %.300s, which the layer does not have", name, line)
	}
}

// Files of every size around that of a block, with and without attributes; folders of
// many blocks; names on both sides of "."; links of all lengths; whiteouts.
func TestMakePlain(t *testing.T) {
	headers := []tar.Header{
		folderEntry("./", 0o750),
		{Typeflag: tar.TypeSymlink, Name: "long", Linkname: strings.Repeat("x", maxPath)},
		{Typeflag: tar.TypeSymlink, Name: "short", Linkname: "x"},
		{Typeflag: tar.TypeChar, Name: "device", Devmajor: 4095, Devminor: 1<<20 - 1},
		{Typeflag: tar.TypeBlock, Name: "block", Devmajor: 8, Devminor: 257, Mode: 0o660, Uid: maxOwner, Gid: maxOwner},
		{Typeflag: tar.TypeFifo, Name: "pipe"},
		fileEntry(" "), fileEntry("-"), fileEntry("..."), fileEntry("~"), fileEntry(strings.Repeat("n", maxComponent)),
		{Typeflag: tar.TypeReg, Name: "times", ModTime: lastTime},
		fileEntry("new/.wh.gone"), fileEntry("opaque/.wh..wh..opq"), folderEntry("opaque", 0o700),
		fileEntry(".wh.again"), fileEntry("again"), linkEntry("once/more", "again"), linkEntry("once/again", "once/more"),
	}
	for _, size := range []int64{1, 31, 4000, 4032, 4033, 4095, 4096, 4097, 8191, 8192, 3*4096 + 4032, 3*4096 + 4033, 1 << 20} {
		headers = append(headers, tar.Header{Typeflag: tar.TypeReg, Name: fmt.Sprintf("sizes/%d", size), Size: size})
	}
	for _, size := range []int{0, 1, 100, 3000, 5000, 65000} {
		value := strings.Repeat("v", size)
		for _, name := range []string{"xattrs/", "xattrs/small"} {
			headers = append(headers, tar.Header{Name: fmt.Sprintf("%s%d", name, size), Size: 10, PAXRecords: map[string]string{xattrRecord + "user.x": value}})
		}
		headers = append(headers, tar.Header{Name: fmt.Sprintf("folders/%d/", size), PAXRecords: map[string]string{
			xattrRecord + "security.x": value, xattrRecord + "system.posix_acl_default": "acl",
		}})
	}
	for i := range 2000 {
		headers = append(headers, fileEntry(fmt.Sprintf("many/%0*d", 1+i%60, i)))
	}
	comparePlain(t, archiveOf(t, headers...))
	comparePlain(t, archiveOf(t))
}

// Contents are where they belong, however they arrive.
func TestMakePlainContents(t *testing.T) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i, size := range []int{5000, 3, 300_000, 4096, 1, 12_288} {
		content := bytes.Repeat([]byte{'a' + byte(i), '-'}, size)[:size]
		err := errors.Join(w.WriteHeader(&tar.Header{Name: string(content[:1]), Size: int64(size)}), func() error { _, err := w.Write(content); return err }())
		if err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	comparePlain(t, b.Bytes())
}

func TestMakePlainRefuses(t *testing.T) {
	large := tar.Header{Typeflag: tar.TypeDir, Name: "./", PAXRecords: map[string]string{xattrRecord + "user.x": strings.Repeat("v", 3000)}}
	_, err := plainOf(t, archiveOf(t, large))
	if want := "the extended attributes of the root folder do not fit into the first block of an EROFS file"; err == nil || err.Error() != want {
		t.Errorf("%v, expected %s", err, want)
	}
	whole := archiveOf(t, tar.Header{Name: "a", Size: 5000})
	_, err = plainOf(t, whole[:3000])
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the layer is cut: %v", err)
	}
}

// FuzzMakePlain makes EROFS files of arbitrary layers. They have what the layers have.
func FuzzMakePlain(f *testing.F) {
	for _, test := range readTests {
		f.Add(archiveOf(f, test.headers...))
	}
	f.Fuzz(func(t *testing.T, archive []byte) {
		// A sparse file of a few bytes may be very long.
		if _, err := copyLayer(&limited{io.Discard, 1 << 20}, bytes.NewReader(archive)); err != nil {
			return
		}
		if _, err := plainOf(t, archive); err != nil && strings.Contains(err.Error(), "root folder") {
			return
		}
		comparePlain(t, archive)
	})
}
