package erofs

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// folderEntry and the others are entries of an archive.
func folderEntry(name string, mode int64) tar.Header {
	return tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: mode}
}

func fileEntry(name string) tar.Header {
	return tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644}
}

func linkEntry(name, target string) tar.Header {
	return tar.Header{Typeflag: tar.TypeLink, Name: name, Linkname: target}
}

func symlinkEntry(name, target string) tar.Header {
	return tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777}
}

// archiveOf returns an archive of entries whose contents are zeros.
func archiveOf(t testing.TB, headers ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(make([]byte, h.Size)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// describe prints an entry in one line.
func describe(h *tar.Header) string {
	text := fmt.Sprintf("%c %s %04o %d:%d", h.Typeflag, h.Name, h.Mode, h.Uid, h.Gid)
	if h.Size != 0 {
		text += fmt.Sprintf(" %d bytes", h.Size)
	}
	if h.Linkname != "" {
		text += " -> " + h.Linkname
	}
	if h.Devmajor != 0 || h.Devminor != 0 {
		text += fmt.Sprintf(" %d,%d", h.Devmajor, h.Devminor)
	}
	if h.ModTime.UnixNano() != 0 {
		text += fmt.Sprintf(" %d", h.ModTime.UnixNano())
	}
	for _, key := range slices.Sorted(maps.Keys(h.PAXRecords)) {
		text += fmt.Sprintf(" %s=%q", key, h.PAXRecords[key])
	}
	return text
}

// readEntries returns what a Reader makes of an archive.
func readEntries(archive []byte) ([]string, error) {
	var entries []string
	for r := NewReader(bytes.NewReader(archive)); ; {
		h, err := r.Next()
		if err == io.EOF {
			return entries, nil
		}
		if err != nil {
			return entries, err
		}
		entries = append(entries, describe(h))
		content, err := io.ReadAll(r)
		if err != nil {
			return entries, err
		}
		if int64(len(content)) != h.Size {
			return entries, fmt.Errorf("%s has %d bytes of content", h.Name, len(content))
		}
	}
}

const (
	impliedRoot = "5 . 0755 0:0"
	long        = "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
)

var readTests = []struct {
	name    string
	headers []tar.Header
	entries []string
}{
	{name: "empty", entries: []string{impliedRoot}},
	{
		name:    "the root of the archive",
		headers: []tar.Header{fileEntry("a"), folderEntry("./", 0o700)},
		entries: []string{impliedRoot, "0 a 0644 0:0", "5 . 0700 0:0"},
	},
	{
		name:    "folders that only paths name",
		headers: []tar.Header{fileEntry("a/b/c"), fileEntry("a/d"), folderEntry("a/b/", 0o700)},
		entries: []string{
			impliedRoot, "5 a 0755 0:0", "5 a/b 0755 0:0", "0 a/b/c 0644 0:0", "0 a/d 0644 0:0", "5 a/b 0700 0:0",
		},
	},
	{
		name:    "odd names",
		headers: []tar.Header{folderEntry("/", 0o755), fileEntry("./a//b"), fileEntry("/a/./c"), fileEntry("a/x/../d"), fileEntry("/../e"), fileEntry("a\nb=c")},
		entries: []string{
			impliedRoot, "5 a 0755 0:0", "0 a/b 0644 0:0", "0 a/c 0644 0:0", "0 a/d 0644 0:0", "0 e 0644 0:0", "0 a\nb=c 0644 0:0",
		},
	},
	{
		name:    "long names",
		headers: []tar.Header{folderEntry(long+long+"/", 0o755), fileEntry(long + long + "/" + long), symlinkEntry("l", long+long+long), linkEntry("h", long+long+"/"+long)},
		entries: []string{
			impliedRoot, "5 " + long + long + " 0755 0:0", "0 " + long + long + "/" + long + " 0644 0:0",
			"2 l 0777 0:0 -> " + long + long + long, "1 h 0000 0:0 -> " + long + long + "/" + long,
		},
	},
	{
		name: "links",
		headers: []tar.Header{
			fileEntry("f"), linkEntry("sub/h", "./f"), linkEntry("h2", "/sub/h"), symlinkEntry("s", "../../x"), linkEntry("hs", "s"),
		},
		entries: []string{
			impliedRoot, "0 f 0644 0:0", "5 sub 0755 0:0", "1 sub/h 0000 0:0 -> f", "1 h2 0000 0:0 -> sub/h",
			"2 s 0777 0:0 -> ../../x", "1 hs 0000 0:0 -> s",
		},
	},
	{
		name: "owners, modes and times",
		headers: []tar.Header{
			{Typeflag: tar.TypeReg, Name: "a", Mode: 0o104755, Uid: 4294967294, Gid: 1234567890},
			{Typeflag: tar.TypeReg, Name: "b", ModTime: time.Unix(1600000000, 500000000), Format: tar.FormatPAX},
			{Typeflag: tar.TypeReg, Name: "c", ModTime: time.Unix(-1, 0), Format: tar.FormatPAX},
			{Typeflag: tar.TypeReg, Name: "d", ModTime: time.Unix(1<<40, 0), Format: tar.FormatPAX},
		},
		entries: []string{impliedRoot, "0 a 4755 4294967294:1234567890", "0 b 0000 0:0 1600000000500000000", "0 c 0000 0:0", "0 d 0000 0:0"},
	},
	{
		name: "devices",
		headers: []tar.Header{
			{Typeflag: tar.TypeChar, Name: "c", Devmajor: 4095, Devminor: 1048575}, {Typeflag: tar.TypeBlock, Name: "b", Devmajor: 7}, {Typeflag: tar.TypeFifo, Name: "p"},
		},
		entries: []string{impliedRoot, "3 c 0000 0:0 4095,1048575", "4 b 0000 0:0 7,0", "6 p 0000 0:0"},
	},
	{
		name: "whiteouts",
		headers: []tar.Header{
			{Typeflag: tar.TypeReg, Name: "d/.wh.gone", Size: 3, Mode: 0o644, Uid: 5}, fileEntry("d/.wh.file"), fileEntry("d/file"),
			folderEntry(".wh.x/", 0o700), fileEntry("x/.wh.y"), fileEntry("o/.wh..wh..opq"), fileEntry(".wh..wh..opq"),
			fileEntry(".wh..wh.aufs"), folderEntry(".wh..wh.plnk/", 0o700), fileEntry(".wh..wh.plnk/1.2"),
		},
		entries: []string{
			impliedRoot, "5 d 0755 0:0", "0 d/.wh.gone 0644 5:0", "0 d/.wh.file 0644 0:0", "0 d/file 0644 0:0",
			"0 .wh.x 0700 0:0", "5 o 0755 0:0", "0 o/.wh..wh..opq 0644 0:0", "0 .wh..wh..opq 0644 0:0",
		},
	},
	{
		name: "extended attributes",
		headers: []tar.Header{{Typeflag: tar.TypeReg, Name: "a", PAXRecords: map[string]string{
			"SCHILY.xattr.security.capability": "\x01\x00\x00\x02", "SCHILY.xattr.user.empty": "", "SCHILY.xattr.trusted.mine": "t",
			"SCHILY.xattr.system.posix_acl_access": "acl", "SCHILY.xattr.system.other": "no", "SCHILY.xattr.com.apple.provenance": "no",
			"SCHILY.xattr.trusted.overlay.redirect": "/etc", "SCHILY.xattr.user.overlay.opaque": "y", "SCHILY.xattr.security.selinux": "label",
			"SCHILY.xattr.user.": "no", "VENDOR.other": "no",
		}}},
		entries: []string{impliedRoot, `0 a 0000 0:0 SCHILY.xattr.security.capability="\x01\x00\x00\x02" SCHILY.xattr.system.posix_acl_access="acl"` +
			` SCHILY.xattr.trusted.mine="t" SCHILY.xattr.user.empty=""`},
	},
	{
		name:    "content, and a global header",
		headers: []tar.Header{{Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{"comment": "x"}}, {Typeflag: tar.TypeReg, Name: "d/a", Size: 1000}, fileEntry("d/b")},
		entries: []string{impliedRoot, "5 d 0755 0:0", "0 d/a 0000 0:0 1000 bytes", "0 d/b 0644 0:0"},
	},
}

func TestReader(t *testing.T) {
	for _, test := range readTests {
		t.Run(test.name, func(t *testing.T) {
			got, err := readEntries(archiveOf(t, test.headers...))
			if err != nil || !slices.Equal(got, test.entries) {
				t.Errorf("%v\n%s\nexpected\n%s", err, strings.Join(got, "\n"), strings.Join(test.entries, "\n"))
			}
		})
	}
}

var refusedTests = []struct {
	headers []tar.Header
	err     string
}{
	{[]tar.Header{fileEntry("a"), fileEntry("./a")}, `entry "./a": the layer has it twice`},
	{[]tar.Header{folderEntry("a/", 0o755), folderEntry("a/", 0o755)}, `entry "a/": the layer has it twice`},
	{[]tar.Header{folderEntry("./", 0o755), folderEntry(".", 0o755)}, `entry ".": the layer has it twice`},
	{[]tar.Header{fileEntry("a/b"), fileEntry("a")}, `entry "a": the layer has files below it, but it is not a folder`},
	{[]tar.Header{fileEntry("a"), fileEntry("a/b")}, `entry "a/b": the layer has a file at "a", expected a folder`},
	{[]tar.Header{symlinkEntry("a", "b"), fileEntry("a/b")}, `entry "a/b": the layer has a symbolic link at "a", expected a folder`},
	{[]tar.Header{fileEntry("../a")}, `entry "../a": the path leads out of the layer`},
	{[]tar.Header{fileEntry("a/../../b")}, `entry "a/../../b": the path leads out of the layer`},
	{[]tar.Header{linkEntry("a", "../b")}, `entry "a": hard link to "../b": the path leads out of the layer`},
	{[]tar.Header{linkEntry("a", "b"), fileEntry("b")}, `entry "a": it is a hard link to a file that the layer does not have before it`},
	{[]tar.Header{linkEntry("a", "a")}, `entry "a": it is a hard link to a file that the layer does not have before it`},
	{[]tar.Header{fileEntry(".wh.b"), linkEntry("a", ".wh.b")}, `entry "a": it is a hard link to a file that the layer does not have before it`},
	{[]tar.Header{folderEntry("d/", 0o755), linkEntry("a", "d")}, `entry "a": it is a hard link to a folder`},
	{[]tar.Header{fileEntry("d/a"), fileEntry("d/.wh.a")}, `entry "d/.wh.a": it is a whiteout of a file in the same layer`},
	{[]tar.Header{fileEntry(".wh.a"), fileEntry("a/b")}, `entry "a/b": it is below a whiteout`},
	{[]tar.Header{fileEntry(".wh.a/b")}, `entry ".wh.a/b": it is below a whiteout`},
	{[]tar.Header{fileEntry("a/.wh.")}, `entry "a/.wh.": it is a whiteout without a name`},
	{[]tar.Header{fileEntry(".wh...")}, `entry ".wh...": it is a whiteout without a name`},
	{[]tar.Header{symlinkEntry("./", "b")}, `entry "./": it is the root of the layer, but not a folder`},
	{[]tar.Header{symlinkEntry("a", "")}, `entry "a": it is a symbolic link to nothing`},
	{[]tar.Header{{Typeflag: tar.TypeCont, Name: "a"}}, `entry "a": it has the type '7', which engines do not unpack`},
	{[]tar.Header{{Typeflag: tar.TypeReg, Name: "a", Uid: 4294967295}}, `entry "a": the owner or group 4294967295 is not between 0 and 4294967294`},
	{[]tar.Header{{Typeflag: tar.TypeChar, Name: "a", Devmajor: 4096}}, `entry "a": the device 4096:0 does not exist in Linux`},
	{[]tar.Header{fileEntry(long + long + long)}, `entry "` + long + long + long + `": a name in the path has 300 bytes, and Linux has room for 255`},
	{
		[]tar.Header{{Typeflag: tar.TypeSymlink, Name: "a", Linkname: "b", PAXRecords: map[string]string{"SCHILY.xattr.user.x": "y"}}},
		`entry "a": only files and folders can have extended attributes of users`,
	},
	{
		[]tar.Header{fileEntry(strings.Repeat("d/", 2048) + "d")},
		`entry "` + strings.Repeat("d/", 2048) + `d": the path has 4097 bytes, and Linux has room for 4095`,
	},
	{[]tar.Header{symlinkEntry("a", strings.Repeat("d/", 2048))}, `entry "a": it is a symbolic link of 4096 bytes, and Linux has room for 4095`},
	{
		[]tar.Header{{Typeflag: tar.TypeReg, Name: "a", PAXRecords: map[string]string{"SCHILY.xattr.user." + long + long + long: ""}}},
		`entry "a": the name of an extended attribute has 305 bytes, and Linux has room for 255`,
	},
	{
		[]tar.Header{{Typeflag: tar.TypeReg, Name: "a", PAXRecords: map[string]string{"SCHILY.xattr.user.a": strings.Repeat("a", 1<<16)}}},
		`entry "a": the extended attributes take more than 65.5 kB`,
	},
}

func TestReaderRefuses(t *testing.T) {
	for _, test := range refusedTests {
		_, err := readEntries(archiveOf(t, test.headers...))
		if err == nil || err.Error() != test.err {
			t.Errorf("%v\nexpected %s", err, test.err)
		}
	}
}

// The limits of a layer as a whole are too large to be reached by an archive.
func TestTreeLimits(t *testing.T) {
	var err error
	names := tree{seen: map[string]kind{}}
	for i := 0; err == nil && i <= maxNames/maxPath+1; i++ {
		err = names.note(fmt.Sprintf("%0*d", maxPath, i), file)
	}
	if want := "the names in the layer take more than 134.2 MB"; err == nil || err.Error() != want {
		t.Errorf("names: %v, expected %s", err, want)
	}
	entries := tree{seen: map[string]kind{}}
	for i := range maxEntries {
		if err := entries.note(strconv.Itoa(i), file); err != nil {
			t.Fatal(err)
		}
	}
	err = entries.note("one more", implied)
	if want := "the layer has more than 1048576 entries"; err == nil || err.Error() != want {
		t.Errorf("entries: %v, expected %s", err, want)
	}
	sparse := tree{}
	header := &tar.Header{Typeflag: tar.TypeGNUSparse, Size: maxHoles / 2}
	for range 2 {
		if err := sparse.checkHoles(header); err != nil {
			t.Fatal(err)
		}
	}
	header = &tar.Header{Typeflag: tar.TypeReg, Size: 1, PAXRecords: map[string]string{"GNU.sparse.major": "1"}}
	err = sparse.checkHoles(header)
	if want := "the sparse files of the layer take more than 68.7 GB"; err == nil || err.Error() != want {
		t.Errorf("sparse files: %v, expected %s", err, want)
	}
	if err := sparse.checkHoles(&tar.Header{Typeflag: tar.TypeReg, Size: maxHoles}); err != nil {
		t.Error(err)
	}
}
