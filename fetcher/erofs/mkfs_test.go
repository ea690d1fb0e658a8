package erofs

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// program returns a program in place of mkfs.erofs, for what the real one does rarely.
// The file is its last argument.
func program(t *testing.T, script string) Mkfs {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mkfs.erofs")
	text := "#!/bin/sh\nif test \"$1\" = -V; then echo 'mkfs.erofs (erofs-utils) 1.7.1'; exit; fi\n" +
		"while test $# -gt 1; do shift; done\n" + script + "\n"
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return Mkfs{Program: path, Compression: "zstd"}
}

// layerOf writes a layer to a file.
func layerOf(t *testing.T, headers ...tar.Header) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(archiveOf(t, headers...))
	z.Close()
	path := filepath.Join(t.TempDir(), "layer")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// Its errors are named, and nothing is left behind.
func TestMakeLayerFails(t *testing.T) {
	const large = 10 << 20
	for _, test := range []struct {
		name    string
		headers []tar.Header
		script  string
		err     string
	}{
		{
			name: "it fails", script: `cat >"$1"; echo "<E> erofs: no room" >&2; exit 3`,
			err: "mkfs.erofs of erofs-utils 1.7.1: exit status 3: <E> erofs: no room",
		},
		{
			name: "it fails before the end", script: `echo >"$1"; echo "unrecognized option" >&2; exit 1`,
			headers: []tar.Header{{Typeflag: tar.TypeReg, Name: "a", Size: large}},
			err:     "mkfs.erofs of erofs-utils 1.7.1: exit status 1: unrecognized option",
		},
		{
			name: "it stops reading", script: `echo >"$1"`,
			headers: []tar.Header{{Typeflag: tar.TypeReg, Name: "a", Size: large}},
			err:     "mkfs.erofs of erofs-utils 1.7.1: it stopped reading",
		},
		{
			name: "it is killed", script: `cat >"$1"; kill -9 $$`,
			err: "mkfs.erofs of erofs-utils 1.7.1: signal: killed",
		},
		{
			// It would not end by itself.
			name: "the layer is at fault", script: `cat >"$1"; exec sleep 1000`,
			headers: []tar.Header{fileEntry("a"), fileEntry("a")},
			err:     `entry "a": the layer has it twice`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "out")
			err := MakeLayer(t.Context(), program(t, test.script), layerOf(t, test.headers...), "sha256:abc", 0, dir)
			if err == nil || err.Error() != "layer sha256:abc: "+test.err {
				t.Errorf("%v\nexpected %s", err, test.err)
			}
			if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("left behind: %v", err)
			}
		})
	}
}

func TestMkfsMissing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	none := func(EntryWriter) error { return nil }
	err := Mkfs{Program: "/nonexistent/mkfs.erofs", Compression: "zstd"}.Make(t.Context(), file, none)
	if want := "mkfs.erofs: fork/exec /nonexistent/mkfs.erofs: no such file or directory"; err == nil || err.Error() != want {
		t.Errorf("%v, expected %s", err, want)
	}
	err = Mkfs{Program: "mkfs.erofs", Compression: "xz"}.Make(t.Context(), file, none)
	if want := `there is no compression "xz", expected lz4hc or zstd`; err == nil || err.Error() != want {
		t.Errorf("%v, expected %s", err, want)
	}
}

func TestTooOld(t *testing.T) {
	for version, want := range map[string]bool{"1.5": true, "1.6.3": true, "0.9": true, "1.7": false, "1.10.1": false, "2.0": false, "": false} {
		if got := (&MkfsError{Version: version}).TooOld(); got != want {
			t.Errorf("%s is too old: %t", version, got)
		}
	}
	// It prints its options, more than fits a message.
	err := &MkfsError{Program: "mkfs.erofs", Version: "1.5", Output: "--help", Err: errors.New("exit status 1")}
	if want := "mkfs.erofs of erofs-utils 1.5: exit status 1"; err.Error() != want {
		t.Errorf("%v, expected %s", err, want)
	}
}

// A program that hangs ends with its context.
func TestMkfsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	begun := errors.New("interrupted")
	file := filepath.Join(t.TempDir(), "file")
	err := program(t, `echo >"$1"; exec sleep 1000`).Make(ctx, file, func(to EntryWriter) error {
		cancel(begun)
		for i := 0; ; i++ {
			if err := to.WriteHeader(&tar.Header{Name: strconv.Itoa(i)}); err != nil {
				return err
			}
		}
	})
	if !errors.Is(err, begun) {
		t.Error(err)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("left behind: %v", err)
	}
}

// What layer.json has is what the layer has, with data after the archive.
func TestMakeLayerFacts(t *testing.T) {
	archive := append(archiveOf(t, tar.Header{Typeflag: tar.TypeReg, Name: "a", Uid: 7, Gid: 8}, tar.Header{Typeflag: tar.TypeReg, Name: ".wh.b", Uid: 9}), strings.Repeat("more", 1000)...)
	blob := filepath.Join(t.TempDir(), "layer")
	if err := os.WriteFile(blob, archive, 0o644); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "out")
	if err := MakeLayer(t.Context(), program(t, `cat >"$1"`), blob, "", 0, dir); err != nil {
		t.Fatal(err)
	}
	got, err := ReadLayer(dir)
	size := int64(len(archive))
	want := Layer{
		File: filepath.Join(dir, "layer.erofs"), DiffID: digest.FromBytes(archive), Size: size,
		Digest: digest.FromBytes(archive), CompressedSize: size, MediaType: ocispec.MediaTypeImageLayer,
		Owners: Owners{UIDs: []uint32{0, 7}, GIDs: []uint32{0, 8}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v, expected %+v", got, err, want)
	}
	file, err := os.ReadFile(got.File)
	if err != nil {
		t.Fatal(err)
	}
	if tree, err := readTree(file); err != nil || len(tree) != 3 || tree["a"] == nil {
		t.Errorf("the file is of %v, %v", tree, err)
	}
}
