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

// Linux reads files of every size around that of a block, folders of many blocks, names
// on both sides of ".", large attributes and long links as they are in the layer.
func TestErofsPlain(t *testing.T) {
	t.Parallel()
	servers.Require(t, "root", "unshare", "mount")
	headers := []tar.Header{
		{Typeflag: tar.TypeDir, Name: "./", Mode: 0o750, PAXRecords: xattr("trusted.root", 2000)},
		{Typeflag: tar.TypeSymlink, Name: "long", Linkname: strings.Repeat("x", 4095), Mode: 0o777},
		{Typeflag: tar.TypeChar, Name: "device", Devmajor: 4095, Devminor: 1<<20 - 1, Mode: 0o600},
	}
	for _, name := range []string{" ", "-", "...", "~", strings.Repeat("n", 255)} {
		headers = append(headers, tar.Header{Name: name, Mode: 0o644})
	}
	for _, size := range []int64{1, 4032, 4033, 4095, 4096, 4097, 8191, 8192, 3*4096 + 4032, 1<<20 + 1} {
		headers = append(headers,
			tar.Header{Name: fmt.Sprintf("sizes/%d", size), Size: size, Mode: 0o644},
			tar.Header{Typeflag: tar.TypeLink, Name: fmt.Sprintf("links/%d", size), Linkname: fmt.Sprintf("sizes/%d", size)})
	}
	for _, size := range []int{1, 3000, 5000, 60000} {
		headers = append(headers,
			tar.Header{Name: fmt.Sprintf("xattrs/%d", size), Size: 10, Mode: 0o644, PAXRecords: xattr("user.x", size)},
			tar.Header{Typeflag: tar.TypeDir, Name: fmt.Sprintf("folders/%d/", size), Mode: 0o755, PAXRecords: xattr("security.x", size)})
	}
	for i := range 3000 {
		headers = append(headers, tar.Header{Name: fmt.Sprintf("many/%0*d", 1+i%60, i), Mode: 0o644})
	}
	layer := filepath.Join(t.TempDir(), "layer.tar")
	if err := os.WriteFile(layer, tarOf(t, headers), 0o644); err != nil {
		t.Fatal(err)
	}
	compareErofs(t, makeErofs(t, "", layer, ""), layer)
}

func xattr(name string, size int) map[string]string {
	return map[string]string{"SCHILY.xattr." + name: strings.Repeat("v", size)}
}

// tarOf returns an archive of entries whose contents differ.
func tarOf(t *testing.T, headers []tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(bytes.Repeat([]byte(h.Name+"\n"), int(h.Size))[:h.Size]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
