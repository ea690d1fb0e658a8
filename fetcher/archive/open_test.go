package archive

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"hocker/fetcher/image"

	"github.com/opencontainers/go-digest"
)

// tarEntry is an entry of a test archive: a file or, if it has a link, a symbolic link.
type tarEntry struct{ name, data, link string }

func tarOf(t testing.TB, entries ...tarEntry) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(e.data))}
		if e.link != "" {
			h = &tar.Header{Name: e.name, Typeflag: tar.TypeSymlink, Linkname: e.link, Mode: 0o777}
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, e.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// blobEntry is the entry of a blob in an OCI layout.
func blobEntry(data string) tarEntry { return tarEntry{name: blobOf(data), data: data} }

// entryOf returns an entry of an index. more is further fields.
func entryOf(manifest, more string) string {
	return fmt.Sprintf(`{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":%q,"size":%d%s}`, digest.FromString(manifest), len(manifest), more)
}

// platformHere is this machine's platform as a field of an entry.
var platformHere = fmt.Sprintf(`,"platform":{"os":"linux","architecture":%q}`, runtime.GOARCH)

// configHere returns a config with n layers for this machine.
func configHere(n int) string { return strings.Replace(configOf(n), "amd64", runtime.GOARCH, 1) }

func indexOf(entries ...string) tarEntry {
	return tarEntry{name: "index.json", data: `{"schemaVersion":2,"manifests":[` + strings.Join(entries, ",") + `]}`}
}

const named = `,"annotations":{"io.containerd.image.name":"docker.io/library/app:1","org.opencontainers.image.ref.name":"1"}`

var (
	config1         = configHere(1)
	manifest1       = manifestOf(config1, plainLayer)
	foreignManifest = strings.Replace(manifest1, "rootfs.diff.tar.gzip\"", "rootfs.foreign.diff.tar.gzip\",\"urls\":[\"https://example.com/x\"]", 1)
	config2         = configHere(2)
	manifest2       = manifestOf(config2, plainLayer, gzipLayer)
	layoutBlobs     = []tarEntry{blobEntry(config2), blobEntry(plainLayer), blobEntry(gzipLayer), blobEntry(manifest2)}
	dockerFiles     = []tarEntry{
		{name: "c.json", data: config2},
		{name: "a/layer.tar", data: plainLayer},
		{name: "b/layer.tar", link: "../a/layer.tar"},
		{name: "z/layer.tar", data: gzipLayer},
	}
)

func dockerEntry(tags string, layers ...string) tarEntry {
	return tarEntry{name: "manifest.json", data: `[{"Config":"c.json","RepoTags":` + tags + `,"Layers":["` + strings.Join(layers, `","`) + `"]}]`}
}

// savedEntry is a manifest.json beside an index.
func savedEntry(config, tags string, layers ...string) tarEntry {
	for i, layer := range layers {
		layers[i] = blobOf(layer)
	}
	e := dockerEntry(tags, layers...)
	e.data = strings.Replace(e.data, "c.json", blobOf(config), 1)
	return e
}

func with(entries []tarEntry, more ...tarEntry) []tarEntry {
	return append(append([]tarEntry{}, entries...), more...)
}

var openTests = []struct {
	name    string
	entries []tarEntry
	want    []string // "REFERENCE LAYER…" of each image, where a layer is its content
	err     string
}{
	{name: "layout", entries: with(layoutBlobs, indexOf(entryOf(manifest2, named))), want: []string{"app:1 plain tar|\x1f\x8b gzip"}},
	{name: "layout and docker-archive", entries: with(layoutBlobs, indexOf(entryOf(manifest2, named)), savedEntry(config2, `["app:1"]`, plainLayer, gzipLayer)),
		want: []string{"app:1 plain tar|\x1f\x8b gzip"}},
	{name: "another name in the docker-archive", entries: with(layoutBlobs, indexOf(entryOf(manifest2, named)), savedEntry(config2, `["app:1","b:2"]`, plainLayer, gzipLayer)),
		want: []string{"app:1 plain tar|\x1f\x8b gzip", "b:2 plain tar|\x1f\x8b gzip"}},
	{name: "names only in the docker-archive", entries: with(layoutBlobs, indexOf(entryOf(manifest2, "")), savedEntry(config2, `["app:1","b:2"]`, plainLayer, gzipLayer)),
		want: []string{"app:1 plain tar|\x1f\x8b gzip", "b:2 plain tar|\x1f\x8b gzip"}},
	{name: "one name for two images", entries: with(layoutBlobs, blobEntry(config1), indexOf(entryOf(manifest2, named)), savedEntry(config1, `["app:1"]`, plainLayer)),
		want: []string{"app:1 plain tar|\x1f\x8b gzip"}},
	{name: "index without the second image", entries: with(layoutBlobs, blobEntry(config1), indexOf(entryOf(manifest2, "")), savedEntry(config1, "null", plainLayer)),
		want: []string{" plain tar|\x1f\x8b gzip", " plain tar"}},
	{name: "empty index and docker-archive", entries: with(layoutBlobs, blobEntry(config1), indexOf(), savedEntry(config1, "null", plainLayer)),
		want: []string{" plain tar"}},
	{name: "two images without names", entries: with(layoutBlobs, blobEntry(config1), blobEntry(manifest1), indexOf(entryOf(manifest2, ""), entryOf(manifest1, ""))),
		want: []string{" plain tar|\x1f\x8b gzip", " plain tar"}},
	{name: "two tags without names", entries: with(layoutBlobs, blobEntry(config1), blobEntry(manifest1), indexOf(
		entryOf(manifest1, `,"annotations":{"org.opencontainers.image.ref.name":"v1"}`), entryOf(manifest2, `,"annotations":{"org.opencontainers.image.ref.name":"v2"}`))),
		want: []string{" plain tar", " plain tar|\x1f\x8b gzip"}},
	{name: "two platforms without names", entries: with(layoutBlobs, blobEntry(config1), blobEntry(manifest1), indexOf(
		entryOf(manifest1, `,"platform":{"os":"plan9","architecture":"mips"}`), entryOf(manifest2, platformHere))),
		want: []string{" plain tar|\x1f\x8b gzip"}},
	{name: "name in the other annotation", entries: with(layoutBlobs, indexOf(entryOf(manifest2, `,"annotations":{"org.opencontainers.image.ref.name":"ghcr.io/org/app:2"}`))),
		want: []string{"ghcr.io/org/app:2 plain tar|\x1f\x8b gzip"}},
	{name: "tag without a name", entries: with(layoutBlobs, indexOf(entryOf(manifest2, `,"annotations":{"org.opencontainers.image.ref.name":"latest"}`))),
		want: []string{" plain tar|\x1f\x8b gzip"}},
	{name: "docker-archive", entries: with(dockerFiles, dockerEntry(`["app:1","docker.io/library/b:2"]`, "a/layer.tar", "z/layer.tar")),
		want: []string{"app:1 plain tar|\x1f\x8b gzip", "b:2 plain tar|\x1f\x8b gzip"}},
	{name: "docker-archive with links, no name", entries: with(dockerFiles, dockerEntry("null", "a/layer.tar", "b/layer.tar")),
		want: []string{" plain tar|plain tar"}},

	{name: "no files", err: "not an image: it has neither index.json nor manifest.json"},
	{name: "malformed table beside an index", entries: with(layoutBlobs, indexOf(entryOf(manifest2, named)), tarEntry{name: "manifest.json", data: "[{]"}),
		err: "manifest.json: invalid character ']' looking for beginning of object key string"},
	{name: "too many names", entries: with(dockerFiles, dockerEntry(`["`+strings.Repeat(`a","`, 1000)+`a"]`, "a/layer.tar", "z/layer.tar")),
		err: "manifest.json names 1001 images; the limit is 1000"},
	{name: "too many entries", entries: with(layoutBlobs, indexOf(slices.Repeat([]string{entryOf(manifest2, "")}, 1001)...)),
		err: "index.json names 1001 images; the limit is 1000"},
	{name: "empty index", entries: []tarEntry{indexOf()}, err: "index.json names no image"},
	{name: "empty table", entries: []tarEntry{{name: "manifest.json", data: "[]"}}, err: "manifest.json names no image"},
	{name: "malformed table", entries: []tarEntry{{name: "manifest.json", data: "[{]"}}, err: "manifest.json: invalid character ']' looking for beginning of object key string"},
	{name: "key twice in the table", entries: with(dockerFiles, tarEntry{name: "manifest.json", data: `[{"Config":"c.json","Layers":[],"Layers":["a/layer.tar","z/layer.tar"]}]`}),
		err: `manifest.json: the table is ambiguous: duplicate key "[0].Layers"`},
	{name: "key in another case in the table", entries: with(dockerFiles, tarEntry{name: "manifest.json", data: `[{"Config":"c.json","layers":[],"Layers":["a/layer.tar","z/layer.tar"]}]`}),
		err: `manifest.json: the table is ambiguous: key "[0].layers", expected "Layers"`},
	{name: "key twice in the index", entries: with(layoutBlobs, indexOf(entryOf(manifest2, named+`,"size":1`))),
		err: `index.json: the index is ambiguous: duplicate key "manifests[0].size"`},
	{name: "key twice in the config", entries: with(dockerFiles[1:], tarEntry{name: "c.json", data: strings.Replace(config2, `"os":`, `"os":"plan9","os":`, 1)}, dockerEntry("[]", "a/layer.tar", "z/layer.tar")),
		err: `config c.json: the config is ambiguous: duplicate key "os"`},
	{name: "two files with one name", entries: []tarEntry{{name: "a", data: "1"}, {name: "./a", data: "2"}}, err: `not an image archive: two files with the name "a"`},
	{name: "no config", entries: []tarEntry{{name: "manifest.json", data: "[null]"}}, err: "manifest.json: an image has no config"},
	{name: "folder of skopeo's dir:", entries: []tarEntry{{name: "manifest.json", data: manifest2}},
		err: "manifest.json is a manifest: copy the folder to an OCI layout, as by skopeo copy dir:FOLDER oci:LAYOUT"},
	{name: "foreign layer", entries: []tarEntry{blobEntry(config1), blobEntry(foreignManifest), indexOf(entryOf(foreignManifest, named))},
		err: "layer " + digest.FromString(plainLayer).String() + " is foreign: the registry does not hold it; it is available from https://example.com/x"},
	{name: "missing layer", entries: with(dockerFiles, dockerEntry("[]", "a/layer.tar", "y/layer.tar")), err: "open y/layer.tar: file does not exist"},
	{name: "too few layers", entries: with(dockerFiles, dockerEntry("[]", "a/layer.tar")),
		err: "config c.json: config and layers do not belong together: the config names 2 layers (rootfs.diff_ids), but there are 1"},
	{name: "links in a circle", entries: with(dockerFiles, tarEntry{name: "p", link: "q"}, tarEntry{name: "q", link: "p"}, dockerEntry("[]", "a/layer.tar", "p")),
		err: "open p: too many links"},
	{name: "missing blob", entries: with(layoutBlobs[1:], indexOf(entryOf(manifest2, named))), err: "not found: open " + blobOf(config2) + ": file does not exist"},
	{name: "short blob", entries: []tarEntry{blobEntry(config2), blobEntry(plainLayer), {name: blobOf(gzipLayer), data: "\x1f\x8b"}, blobEntry(manifest2), indexOf(entryOf(manifest2, named))},
		err: blobOf(gzipLayer) + " has 2 bytes, expected 7"},
	{name: "changed manifest", entries: []tarEntry{{name: blobOf(manifest2), data: manifest2 + " "}, indexOf(entryOf(manifest2, named))},
		err: fmt.Sprintf("content does not match its digest: want %s, got %s (%d bytes)", digest.FromString(manifest2), digest.FromString(manifest2+" "), len(manifest2)+1)},
	{name: "another platform", entries: with(layoutBlobs, indexOf(entryOf(manifest2, `,"platform":{"os":"plan9","architecture":"mips"}`))),
		err: "no image for PLATFORM: the index has plan9/mips"},
}

func TestOpen(t *testing.T) {
	for _, tt := range openTests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "image.tar")
			write(t, path, string(tarOf(t, tt.entries...)))
			checkOpened(t, path, tt.want, tt.err)
			// The same as a folder, which cannot have two files with one name.
			if dir := extract(t, tt.entries); dir != "" {
				checkOpened(t, dir, tt.want, tt.err)
			}
		})
	}
}

// extract writes the entries to a folder. It returns "" if a folder gives another
// error.
func extract(t *testing.T, entries []tarEntry) string {
	dir := t.TempDir()
	for _, e := range entries {
		path := filepath.Join(dir, e.name)
		if _, err := os.Lstat(path); err == nil || e.name == "p" {
			return ""
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if e.link == "" {
			write(t, path, e.data)
		} else if err := os.Symlink(e.link, path); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func checkOpened(t *testing.T, path string, want []string, wantErr string) {
	t.Helper()
	images, err := Open(t.Context(), path, image.DefaultPlatform())
	if err != nil {
		// For a folder, the error comes from the operating system.
		said := strings.ReplaceAll(strings.ReplaceAll(err.Error(), path+"/", ""), "stat ", "open ")
		said = strings.ReplaceAll(said, "no such file or directory", "file does not exist")
		err = fmt.Errorf("%s", said)
	}
	if _, platform, ok := strings.Cut(fmt.Sprint(err), "no image for "); ok {
		platform, _, _ = strings.Cut(platform, ":")
		err = fmt.Errorf("%s", strings.ReplaceAll(err.Error(), platform, "PLATFORM"))
	}
	checkError(t, err, wantErr)
	if len(images) != len(want) && wantErr == "" {
		t.Fatalf("%d images, want %d", len(images), len(want))
	}
	for i := range want {
		var layers []string
		for _, layer := range images[i].Layers {
			layers = append(layers, contentOf(t, layer))
		}
		if got := images[i].Reference + " " + strings.Join(layers, "|"); got != want[i] {
			t.Errorf("image %d: %q, want %q", i, got, want[i])
		}
	}
}

func contentOf(t testing.TB, f File) string {
	content, err := f.open()
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	data, err := io.ReadAll(content)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// sparseTar returns an archive with a sparse file, which package tar cannot write.
func sparseTar(format tar.Format) string {
	h := &tar.Header{Name: "layer.tar", Typeflag: tar.TypeReg, Format: format}
	if format == tar.FormatPAX {
		h.PAXRecords = map[string]string{"XXX.sparse.major": "0", "XXX.sparse.minor": "1", "XXX.sparse.map": "", "XXX.sparse.size": "9", "XXX.sparse.numblocks": "0"}
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := errors.Join(w.WriteHeader(h), w.Close()); err != nil {
		panic(err)
	}
	data := bytes.ReplaceAll(b.Bytes(), []byte("XXX."), []byte("GNU."))
	if format == tar.FormatGNU {
		const sum, typeflag = 148, 156
		data[typeflag] = tar.TypeGNUSparse
		copy(data[sum:], "        ")
		n := 0
		for _, c := range data[:512] {
			n += int(c)
		}
		copy(data[sum:], fmt.Sprintf("%06o\x00 ", n))
	}
	return string(data)
}

// longNames returns an archive with names longer than maxTarNames.
func longNames() string {
	var entries []tarEntry
	for i := range 40 {
		entries = append(entries, tarEntry{name: fmt.Sprint(i, strings.Repeat("/a", 500_000))})
	}
	return string(tarOf(nil, entries...))
}

// TestOpenDoesNotWait opens a folder in which a layer is a named pipe.
func TestOpenDoesNotWait(t *testing.T) {
	dir := extract(t, with(dockerFiles[:1], dockerEntry("null", "pipe", "pipe")))
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), dir, image.DefaultPlatform())
	checkError(t, err, pipe+" is not a regular file")
}

var openFormatTests = []struct{ name, data, err string }{
	{name: "gzip", data: gzipLayer, err: "the archive is compressed"},
	{name: "zstd", data: zstdLayer, err: "the archive is compressed"},
	{name: "xz", data: "\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4\x46", err: "the archive is compressed"},
	{name: "bzip2", data: "BZh91AY&SY", err: "the archive is compressed"},
	{name: "empty", err: "the file is empty, expected an archive"},
	{name: "sparse file of GNU tar", data: sparseTar(tar.FormatGNU), err: "not an image archive: layer.tar is stored as a sparse file: pack the archive without --sparse"},
	{name: "sparse file in PAX form", data: sparseTar(tar.FormatPAX), err: "not an image archive: layer.tar is stored as a sparse file: pack the archive without --sparse"},
	{name: "long names", data: longNames(), err: "not an image archive: its file names take more than 33.6 MB"},
	{name: "text", data: strings.Repeat("text", 200), err: "not an image archive: archive/tar: invalid tar header"},
	{name: "truncated", data: string(tarOf(nil, tarEntry{name: "a", data: strings.Repeat("a", 5000)})[:3000]), err: "not an image archive: unexpected EOF"},
}

func TestOpenFormats(t *testing.T) {
	for _, tt := range openFormatTests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			write(t, path, tt.data)
			_, err := Open(t.Context(), path, image.DefaultPlatform())
			checkError(t, err, tt.err)
		})
	}
}

func TestOpenOutsideOfFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "manifest.json"), `[{"Config":"../secret","Layers":[]}]`)
	_, err := Open(t.Context(), dir, image.DefaultPlatform())
	checkError(t, err, "../secret: the path is outside of the folder")
}

// FuzzOpen reads hostile archives. An image that can be opened can be written, and
// reads back as the same image.
func FuzzOpen(f *testing.F) {
	f.Add(tarOf(f, with(layoutBlobs, indexOf(entryOf(manifest2, named)))...))
	f.Add(tarOf(f, with(dockerFiles, dockerEntry(`["app:1"]`, "a/layer.tar", "b/layer.tar"))...))
	f.Add(tarOf(f, with(layoutBlobs, blobEntry(config1), blobEntry(manifest1), indexOf(entryOf(manifest1, ""), entryOf(manifest2, "")), savedEntry(config2, `["app:1","b:2"]`, plainLayer, gzipLayer))...))
	f.Add([]byte(sparseTar(tar.FormatPAX)))
	path := filepath.Join(f.TempDir(), "image.tar")
	again := path + ".again"
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		images, err := Open(t.Context(), path, image.DefaultPlatform())
		if err != nil {
			return
		}
		for _, read := range images {
			var b bytes.Buffer
			if err := read.WriteArchive(t.Context(), &b, nil); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(again, b.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			reread, err := Open(t.Context(), again, image.DefaultPlatform())
			if err != nil || len(reread) != 1 {
				t.Fatalf("after writing and reading: %d images, %v", len(reread), err)
			}
			if got := reread[0]; got.Reference != read.Reference || got.Config.Digest != read.Config.Digest {
				t.Errorf("%s %s became %s %s", read.Reference, read.Config.Digest, got.Reference, got.Config.Digest)
			}
		}
	})
}
