package rootfs

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"hocker/fetcher/erofs"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

func dir(name string, mode int64) tar.Header {
	return tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: mode}
}

// text is a file whose content is its own size in digits.
func text(name string, size int64) tar.Header {
	return tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: size}
}

func program(name string) tar.Header {
	return tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o755}
}

func hardLink(name, target string) tar.Header {
	return tar.Header{Typeflag: tar.TypeLink, Name: name, Linkname: target}
}

func symlink(name, target string) tar.Header {
	return tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777}
}

func device(name string, major int64) tar.Header {
	return tar.Header{Typeflag: tar.TypeChar, Name: name, Devmajor: major, Mode: 0o600}
}

// archiveOf returns an archive of entries.
func archiveOf(t testing.TB, headers ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(contentOf(h.Size)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func contentOf(size int64) []byte {
	return bytes.Repeat([]byte(fmt.Sprint(size)), int(size))[:size]
}

// inMemory are layers whose archives are in memory.
func inMemory(archives [][]byte) layers {
	return layers{len(archives), func(number int, read func(r io.Reader) error) error {
		return read(bytes.NewReader(archives[number]))
	}}
}

// line describes an entry that is written.
func line(h *tar.Header) string {
	text := fmt.Sprintf("%c %s %04o", h.Typeflag, strings.TrimSuffix(h.Name, "/"), h.Mode)
	if h.Uid != 0 {
		text += fmt.Sprintf(" of %d", h.Uid)
	}
	if h.Size != 0 {
		text += fmt.Sprintf(" %d bytes", h.Size)
	}
	if h.Linkname != "" {
		text += " -> " + h.Linkname
	}
	return text
}

// writeArchive writes a tree of layers as an archive for mkfs.erofs.
func writeArchive(w io.Writer, l layers, t *tree) error {
	to := erofs.NewWriter(w)
	if err := l.write(to, t, func(*file) io.Writer { return nil }); err != nil {
		return err
	}
	return to.Close()
}

// written returns the entries of what is written for the layers.
func written(archives ...[]byte) ([]string, error) {
	l := inMemory(archives)
	t, err := l.merge()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := writeArchive(&b, l, t); err != nil {
		return nil, err
	}
	var lines []string
	for r := tar.NewReader(&b); ; {
		h, err := r.Next()
		if err == io.EOF {
			return lines, nil
		}
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(r)
		if err == nil && !bytes.Equal(content, contentOf(h.Size)) {
			err = fmt.Errorf("%s has the content of another file", h.Name)
		}
		if err != nil {
			return nil, err
		}
		lines = append(lines, line(h))
	}
}

var mergeTests = []struct {
	name    string
	layers  [][]tar.Header
	entries []string
}{
	{"no layers", nil, []string{"5 . 0755"}},
	{"an empty layer on top", [][]tar.Header{{dir("./", 0o700)}, {}}, []string{"5 . 0700"}},
	{
		"folders keep what lower layers say, unless a layer says it itself",
		[][]tar.Header{
			{{Typeflag: tar.TypeDir, Name: "a", Mode: 0o750, Uid: 7}, dir("b", 0o750), dir("b/c", 0o700)},
			{text("a/x", 3), dir("b", 0o711), text("b/c/y", 4)},
		},
		[]string{"5 . 0755", "5 a 0750 of 7", "5 b 0711", "5 b/c 0700", "0 a/x 0644 3 bytes", "0 b/c/y 0644 4 bytes"},
	},
	{
		"a folder that comes after its files",
		[][]tar.Header{{dir("a", 0o700)}, {text("a/x", 3), dir("a", 0o711)}},
		[]string{"5 . 0755", "5 a 0711", "0 a/x 0644 3 bytes"},
	},
	{
		"upper files replace lower ones",
		[][]tar.Header{{text("a", 1), text("b", 2), dir("d", 0o700), text("d/x", 5)}, {text("a", 3), dir("b", 0o755), symlink("d", "b")}, {text("d/y", 6)}},
		[]string{"5 . 0755", "5 b 0755", "5 d 0755", "0 a 0644 3 bytes", "0 d/y 0644 6 bytes"},
	},
	{
		"whiteouts",
		[][]tar.Header{
			{text("a", 1), dir("d", 0o700), text("d/x", 2), text("d/y", 3), dir("e", 0o700), text("e/x", 4)},
			{text(".wh.a", 0), text("d/.wh.x", 0), text(".wh.e", 0), dir("e", 0o711), text("e/z", 5), text(".wh.none", 0), text("other/.wh.none", 0)},
		},
		[]string{"5 . 0755", "5 d 0700", "5 e 0711", "5 other 0755", "0 d/y 0644 3 bytes", "0 e/z 0644 5 bytes"},
	},
	{
		"an opaque folder, wherever its marker is",
		[][]tar.Header{
			{dir("a", 0o700), text("a/old", 1), dir("a/sub", 0o700), text("a/sub/old", 2), dir("b", 0o700), text("b/old", 3)},
			{text("a/new", 4), text("a/sub/new", 5), text("a/.wh..wh..opq", 0), text("b/.wh..wh..opq", 0), text("b/new", 6)},
		},
		[]string{"5 . 0755", "5 a 0700", "5 a/sub 0755", "5 b 0700", "0 a/new 0644 4 bytes", "0 a/sub/new 0644 5 bytes", "0 b/new 0644 6 bytes"},
	},
	{
		"an opaque root",
		[][]tar.Header{{dir("./", 0o711), text("a", 1)}, {text("b", 2), text(".wh..wh..opq", 0)}},
		[]string{"5 . 0711", "0 b 0644 2 bytes"},
	},
	{
		"a removed file comes back",
		[][]tar.Header{{text("a", 1)}, {text(".wh.a", 0)}, {text("a", 2)}},
		[]string{"5 . 0755", "0 a 0644 2 bytes"},
	},
	{
		"whiteouts of overlayfs",
		[][]tar.Header{{text("a", 1), text("b", 2)}, {device("a", 0), hardLink("b", "a"), device("c", 5), device("d", 0)}},
		[]string{"5 . 0755", "3 c 0600"},
	},
	{
		"hard links",
		[][]tar.Header{{text("b", 2), hardLink("a", "b"), hardLink("c", "a"), program("e"), hardLink("f", "e")}},
		[]string{"5 . 0755", "0 e 0755", "0 a 0644 2 bytes", "1 b 0644 -> a", "1 c 0644 -> a", "1 f 0755 -> e"},
	},
	{
		"the hidden target of a hard link",
		[][]tar.Header{{text("a", 2), hardLink("b", "a"), hardLink("c", "a")}, {text(".wh.a", 0), text("c", 3)}},
		[]string{"5 . 0755", "0 b 0644 2 bytes", "0 c 0644 3 bytes"},
	},
	{
		"a hard link to a symbolic link",
		[][]tar.Header{{symlink("s", "x"), hardLink("h", "s")}, {text(".wh.s", 0)}},
		[]string{"5 . 0755", "2 h 0777 -> x"},
	},
	{
		"the same names and sizes in other layers",
		[][]tar.Header{{text("a", 1), text("b", 1)}, {text("b", 1), text("c", 1)}, {text(".wh.b", 0)}},
		[]string{"5 . 0755", "0 a 0644 1 bytes", "0 c 0644 1 bytes"},
	},
}

func archivesOf(t testing.TB, layers [][]tar.Header) (archives [][]byte) {
	t.Helper()
	for _, headers := range layers {
		archives = append(archives, archiveOf(t, headers...))
	}
	return archives
}

func TestMerge(t *testing.T) {
	for _, test := range mergeTests {
		t.Run(test.name, func(t *testing.T) {
			got, err := written(archivesOf(t, test.layers)...)
			if err != nil || !slices.Equal(got, test.entries) {
				t.Errorf("%v\n%s\nexpected\n%s", err, strings.Join(got, "\n"), strings.Join(test.entries, "\n"))
			}
		})
	}
}

// What is no longer there counts for no limit.
func TestLimitsCount(t *testing.T) {
	for _, test := range mergeTests {
		tree, err := inMemory(archivesOf(t, test.layers)).merge()
		if err != nil {
			t.Fatal(err)
		}
		entries, size, seen := 0, 0, map[*file]bool{}
		err = tree.walk(func(name string, f *file, first bool) error {
			entries++
			size += len(name[strings.LastIndex(name, "/")+1:])
			if !seen[f] {
				size += f.text
			}
			seen[f] = true
			return nil
		})
		if err != nil || entries != tree.entries || size != tree.text {
			t.Errorf("%s: %d files with %d bytes are counted, expected %d with %d", test.name, tree.entries, tree.text, entries, size)
		}
	}
}

func TestLimits(t *testing.T) {
	long := newTree()
	var err error
	for i := 0; err == nil && i < maxText/(64<<10)+2; i++ {
		h := text(fmt.Sprint(i), 0)
		h.PAXRecords = map[string]string{"SCHILY.xattr.user.a": strings.Repeat("a", 64<<10)}
		err = long.apply(0, &h, false)
	}
	if want := "the names, links and attributes in the image take more than 134.2 MB"; err == nil || err.Error() != want {
		t.Errorf("%v, expected %s", err, want)
	}
	many := newTree()
	many.entries = maxEntries
	h := text("a", 0)
	err = many.apply(0, &h, false)
	if want := "the image has more than 1048576 files"; err == nil || err.Error() != want {
		t.Errorf("%v, expected %s", err, want)
	}
}

func TestMountPoints(t *testing.T) {
	tree, err := inMemory(archivesOf(t, [][]tar.Header{{
		dir("tmp", 0o700), dir("etc", 0o711), text("etc/hosts", 3), symlink("etc/resolv.conf", "../run/resolve/stub.conf"),
		symlink("var", "/data/variable"), text("file", 1), symlink("loop", "loop"), symlink("up", "../../.."),
	}})).merge()
	if err != nil {
		t.Fatal(err)
	}
	err = tree.addMountPoints(ocispec.ImageConfig{
		WorkingDir: "/srv/app",
		Volumes:    map[string]struct{}{"/var/lib/a": {}, "b/../c/": {}, "/file/x": {}, "/loop/x": {}, "/": {}, "/up/d": {}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var added []string
	err = tree.walk(func(name string, f *file, first bool) error {
		if f.layer == noLayer {
			h := *f.header
			h.Name = name
			added = append(added, line(&h))
		}
		return nil
	})
	want := []string{
		"5 c 0755", "5 d 0755", "5 data 0755", "5 data/variable 0755", "5 data/variable/lib 0755", "5 data/variable/lib/a 0755", "5 data/variable/tmp 1777",
		"5 dev 0755", "0 etc/hostname 0644", "5 proc 0755", "5 run 0755", "5 run/resolve 0755", "0 run/resolve/stub.conf 0644",
		"5 srv 0755", "5 srv/app 0755", "5 sys 0755",
	}
	if err != nil || !slices.Equal(added, want) {
		t.Errorf("%v\n%s\nexpected\n%s", err, strings.Join(added, "\n"), strings.Join(want, "\n"))
	}
	long := "/" + strings.Repeat("a", 256)
	err = tree.addMountPoints(ocispec.ImageConfig{WorkingDir: long})
	if want := `the mount point "` + long + `": a name in the path has 256 bytes, and Linux has room for 255`; err == nil || err.Error() != want {
		t.Errorf("%v, expected %s", err, want)
	}
}

func TestProgram(t *testing.T) {
	tree, err := inMemory(archivesOf(t, [][]tar.Header{{
		symlink("bin", "usr/bin"), program("usr/bin/sh"), text("usr/bin/data", 1), dir("usr/bin/folder", 0o755),
		symlink("usr/local/bin/sh", "/missing"), symlink("usr/local/bin/web", "../../../opt/web"), program("opt/web"), program("srv/run"),
	}})).merge()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		config ocispec.ImageConfig
		want   string
	}{
		{ocispec.ImageConfig{}, ""},
		{ocispec.ImageConfig{Cmd: []string{""}}, ""},
		{ocispec.ImageConfig{Cmd: []string{"sh", "-c", "x"}}, "/usr/bin/sh"},
		{ocispec.ImageConfig{Entrypoint: []string{"web"}, Cmd: []string{"sh"}}, "/usr/local/bin/web"},
		{ocispec.ImageConfig{Cmd: []string{"sh"}, Env: []string{"PATH=/opt", "PATH=/opt::/bin"}}, "/bin/sh"},
		{ocispec.ImageConfig{Cmd: []string{"data"}}, ""},
		{ocispec.ImageConfig{Cmd: []string{"folder"}}, ""},
		{ocispec.ImageConfig{Cmd: []string{"none"}}, ""},
		{ocispec.ImageConfig{Cmd: []string{"/bin/sh"}}, "/bin/sh"},
		{ocispec.ImageConfig{Cmd: []string{"/bin/none"}}, ""},
		{ocispec.ImageConfig{Cmd: []string{"./run"}, WorkingDir: "/srv"}, "/srv/run"},
		{ocispec.ImageConfig{Cmd: []string{"srv/run"}}, "/srv/run"},
	} {
		if got := tree.program(test.config); got != test.want {
			t.Errorf("%v: %q, expected %q", test.config, got, test.want)
		}
	}
}
