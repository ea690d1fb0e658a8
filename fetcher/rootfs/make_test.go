package rootfs

import (
	"archive/tar"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"hocker/fetcher/archive"
	"hocker/fetcher/erofs"
	"hocker/fetcher/process"

	"github.com/opencontainers/go-digest"
)

// imageOf writes an image with a config and layers.
func imageOf(t *testing.T, config string, layers ...[]byte) archive.Composition {
	t.Helper()
	dir := t.TempDir()
	var c archive.Composition
	var diffIDs []string
	for i, layer := range layers {
		path := filepath.Join(dir, fmt.Sprint(i))
		if err := os.WriteFile(path, layer, 0o644); err != nil {
			t.Fatal(err)
		}
		c.Layers = append(c.Layers, archive.File{Path: path})
		diffIDs = append(diffIDs, fmt.Sprintf("%q", digest.FromBytes(layer)))
	}
	c.Config.Path = filepath.Join(dir, "config")
	text := fmt.Sprintf(`{"os": "linux", "config": %s, "rootfs": {"type": "layers", "diff_ids": [%s]}}`, config, strings.Join(diffIDs, ","))
	if err := os.WriteFile(c.Config.Path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := c.Complete(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

// mkfs stands in for mkfs.erofs, and keeps the archive.
func mkfs(t *testing.T) erofs.Mkfs {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mkfs.erofs")
	if err := os.WriteFile(path, []byte("#!/bin/sh\nwhile test $# -gt 1; do shift; done\nexec cat >\"$1\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return erofs.Mkfs{Compression: "zstd", Program: path}
}

// content is a file with this text, at the end of an archive.
func content(t *testing.T, name, text string) []byte {
	t.Helper()
	var b strings.Builder
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return []byte(b.String())
}

// The facts are those of the files that are left.
func TestFacts(t *testing.T) {
	lower := content(t, "etc/passwd", "root:x:0:0::/:\n")
	upper := content(t, "lib/passwd", "web:x:7:8::/:\n")
	links := archiveOf(t, symlink("etc/passwd", "../lib/passwd"), hardLink("etc/more", "etc/passwd"), program("bin/web"))
	image := imageOf(t, `{"Cmd": ["web"], "Env": ["PATH=/bin"], "WorkingDir": "/srv"}`, lower, upper, links, content(t, "etc/group", strings.Repeat("group:x:5:\n", maxAccounts/10)))
	file := filepath.Join(t.TempDir(), "file")
	got, err := Make(t.Context(), mkfs(t), image, file)
	want := process.Facts{Program: "/bin/web", Passwd: "web:x:7:8::/:\n", Group: strings.Repeat("group:x:5:\n", maxAccounts/11)}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%.200v, %v, expected %.200v", got, err, want)
	}
	written, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(written), "srv") {
		t.Errorf("the working folder is missing: %v", err)
	}
}

// A layer that cannot be kept fails, wherever it is at fault, and leaves no file.
func TestMakeFails(t *testing.T) {
	good := archiveOf(t, text("a", 1))
	twice := archiveOf(t, text("a", 1), text("a", 1))
	long := archiveOf(t, text("a", 1<<20), text("a", 1<<20))
	limited := imageOf(t, "{}", good, long)
	limited.MaxUnpacked = 1 << 20
	for _, test := range []struct {
		name  string
		image archive.Composition
		err   string
	}{
		{"an entry", imageOf(t, "{}", good, twice), "layer " + digest.FromBytes(twice).String() + `: entry "a": the layer has it twice`},
		{"an entry of a large layer", imageOf(t, "{}", good, long), "layer " + digest.FromBytes(long).String() + `: entry "a": the layer has it twice`},
		{"the end", imageOf(t, "{}", good[:512]), "layer " + digest.FromBytes(good[:512]).String() + ": reading its archive: unexpected EOF"},
		{"the diff ID", wrongDiffID(t, good, archiveOf(t, text("b", 1))), "does not match the config: its diff ID is " + digest.FromBytes(good).String()},
		{"the limit", limited, "it is larger than"},
		{"the config", imageOf(t, `{"Cmd": "no list"}`, good), "it is not an image config: json: cannot unmarshal string into Go struct field ImageConfig.config.Cmd of type []string"},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "file")
			_, err := Make(t.Context(), mkfs(t), test.image, file)
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%v\nexpected %s", err, test.err)
			}
			if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("left behind: %v", err)
			}
		})
	}
}

// wrongDiffID returns an image with a layer whose diff ID in the config is that of another.
func wrongDiffID(t *testing.T, layer, named []byte) archive.Composition {
	t.Helper()
	image := imageOf(t, "{}", named)
	image.Layers[0].Path = imageOf(t, "{}", layer).Layers[0].Path
	return image
}
