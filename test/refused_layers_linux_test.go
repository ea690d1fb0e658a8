package test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hocker/test/servers"
)

// strangeLayers are layers that an engine may refuse to unpack.
var strangeLayers = []struct {
	name    string
	entries []tar.Header
	why     string // hocker refuses it and podman does not
}{
	{name: "a file twice", entries: []tar.Header{regular("a"), regular("a")}},
	{name: "a file twice, spelt in two ways", entries: []tar.Header{regular("a"), regular("./a")}},
	{name: "a folder twice", entries: []tar.Header{folder("a/"), folder("a/")}},
	{name: "the root twice", entries: []tar.Header{folder("./"), folder("./")}},
	{name: "a file, then a folder", entries: []tar.Header{regular("a"), folder("a/")}},
	{name: "a folder, then a file", entries: []tar.Header{folder("a/"), regular("a")}},
	{name: "a folder that a path implies, then a file", entries: []tar.Header{regular("a/b"), regular("a")}, why: "podman loses the files in the folder"},
	{name: "a file in a file", entries: []tar.Header{regular("a"), regular("a/b")}},
	{name: "a file in a symbolic link", entries: []tar.Header{symbolic("a", "b"), regular("a/b")}},
	{name: "a file in a symbolic link to a folder", entries: []tar.Header{folder("b/"), symbolic("a", "b"), regular("a/c")}, why: "podman puts it into another folder than the layer names"},
	{name: "a file in a symbolic link to the root", entries: []tar.Header{symbolic("a", "/"), regular("a/c")}, why: "podman puts it into another folder than the layer names"},
	{name: "a path that leaves", entries: []tar.Header{regular("../a")}, why: "podman puts it into another folder than the layer names"},
	{name: "a path that leaves later", entries: []tar.Header{regular("a/../../b")}, why: "podman puts it into another folder than the layer names"},
	{name: "a hard link that leaves", entries: []tar.Header{hard("a", "../b")}},
	{name: "a hard link to what comes later", entries: []tar.Header{hard("a", "b"), regular("b")}},
	{name: "a hard link to nothing", entries: []tar.Header{hard("a", "b")}},
	{name: "a hard link to itself", entries: []tar.Header{hard("a", "a")}},
	{name: "a hard link to a folder", entries: []tar.Header{folder("d/"), hard("a", "d")}},
	{name: "a hard link to a whiteout", entries: []tar.Header{regular(".wh.b"), hard("a", ".wh.b")}},
	{name: "a hard link through a symbolic link", entries: []tar.Header{folder("d/"), regular("d/f"), symbolic("s", "d"), hard("a", "s/f")}, why: "podman links a file of another folder than the layer names"},
	{name: "a file, then its whiteout", entries: []tar.Header{regular("d/a"), regular("d/.wh.a")}},
	{name: "a whiteout, then its file", entries: []tar.Header{regular("d/.wh.a"), regular("d/a")}},
	{name: "a whiteout twice", entries: []tar.Header{regular(".wh.a"), regular(".wh.a")}},
	{name: "a file below a whiteout", entries: []tar.Header{regular(".wh.a"), regular("a/b")}},
	{name: "a file in a whiteout", entries: []tar.Header{regular(".wh.a/b")}, why: "podman makes a folder of that name"},
	{name: "a whiteout without a name", entries: []tar.Header{regular("a/.wh.")}},
	{name: "a whiteout of the folder itself", entries: []tar.Header{regular(".wh..")}},
	{name: "a whiteout of the folder above", entries: []tar.Header{regular("a/.wh...")}},
	{name: "an opaque root", entries: []tar.Header{regular(".wh..wh..opq")}},
	{name: "a symbolic link to nothing", entries: []tar.Header{symbolic("a", "")}},
	{name: "a type that nobody knows", entries: []tar.Header{{Typeflag: 'Z', Name: "a"}}},
	{name: "a contiguous file", entries: []tar.Header{{Typeflag: tar.TypeCont, Name: "a"}}},
	{name: "an owner of no number", entries: []tar.Header{{Typeflag: tar.TypeReg, Name: "a", Uid: 4294967295}}, why: "podman leaves the file to root"},
	{name: "a device out of range", entries: []tar.Header{{Typeflag: tar.TypeChar, Name: "a", Devmajor: 4096}}, why: "podman makes another device"},
	{name: "a name of 300 bytes", entries: []tar.Header{regular(strings.Repeat("n", 300))}},
	{name: "a path of 5000 bytes", entries: []tar.Header{regular(strings.Repeat("d/", 2500) + "f")}},
	{name: "a symbolic link of 5000 bytes", entries: []tar.Header{symbolic("a", strings.Repeat("d/", 2500))}},
	{name: "an attribute of a symbolic link", entries: []tar.Header{withAttribute(symbolic("a", "b"), "user.a", "v")}},
	{name: "an attribute with a long name", entries: []tar.Header{withAttribute(regular("a"), "user."+strings.Repeat("n", 300), "v")}},
	{name: "a large attribute", entries: []tar.Header{withAttribute(regular("a"), "user.a", strings.Repeat("v", 1<<16+1))}},
}

// hocker makes no EROFS file of a layer that podman refuses: nobody else would have its
// files. It also refuses some that podman takes, because what podman makes of them is not
// what they say.
func TestRefusedLayers(t *testing.T) {
	t.Parallel()
	servers.Require(t, "root", "unshare", "mount")
	dir := t.TempDir()
	layers := make([]strangeLayer, len(strangeLayers))
	for i, layer := range strangeLayers {
		layers[i].file = writeLayer(t, filepath.Join(dir, fmt.Sprintf("%d.tar", i)), layer.entries)
		output, err := buildErofs(layers[i].file+".out", layers[i].file, "", "").CombinedOutput()
		layers[i].refused = err != nil
		if err != nil && !strings.Contains(string(output), ": entry ") {
			t.Fatalf("%s: %v: %s", layer.name, err, output)
		}
	}
	for i, suite := range storeSuites {
		t.Run(suite, func(t *testing.T) {
			t.Parallel()
			programs, err := servers.FindPrograms(suite, "podman")
			if err != nil {
				servers.Lacks(t, err)
			}
			c := &storeCase{programs: programs, t: t, home: newWorkplace(t, fmt.Sprintf("rf%d", i))}
			c.comparesRefused(layers)
		})
	}
}

// strangeLayer is one of strangeLayers as a file, and what hocker has said to it.
type strangeLayer struct {
	file    string
	refused bool
}

// comparesRefused compares what podman refuses with what hocker has refused.
func (c *storeCase) comparesRefused(layers []strangeLayer) {
	startPodman(c.t, c.programs, c.home)
	if err := c.fresh(); err != nil {
		c.t.Fatal(err)
	}
	for i, layer := range strangeLayers {
		o, err := c.home.run("podman", "import", "--quiet", layers[i].file)
		if err != nil {
			c.t.Fatal(err)
		}
		refused := strings.Contains(string(o.stderr), "unpacking failed")
		switch mine := layers[i].refused; {
		case o.code != 0 && !refused:
			c.t.Fatalf("%s: %s", layer.name, o.stderr)
		case refused && !mine:
			c.t.Errorf("%s: podman refuses it, hocker does not: %s", layer.name, o.stderr)
		case mine && !refused && layer.why == "":
			c.t.Errorf("%s: hocker refuses it, podman does not", layer.name)
		case layer.why != "" && (refused || !mine):
			c.t.Errorf("%s: refused by podman: %t, by hocker: %t", layer.name, refused, mine)
		}
	}
}

func writeLayer(t *testing.T, path string, entries []tar.Header) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range entries {
		h.Format = tar.FormatPAX
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func regular(name string) tar.Header {
	return tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644}
}

func folder(name string) tar.Header {
	return tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o755}
}

func hard(name, target string) tar.Header {
	return tar.Header{Typeflag: tar.TypeLink, Name: name, Linkname: target, Mode: 0o644}
}

func symbolic(name, target string) tar.Header {
	return tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777}
}

func withAttribute(h tar.Header, name, value string) tar.Header {
	h.PAXRecords = map[string]string{"SCHILY.xattr." + name: value}
	return h
}
