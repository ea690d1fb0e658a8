package archive

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

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

// entryOf returns an entry of an index, with more fields.
func entryOf(manifest, more string) string {
	return fmt.Sprintf(`{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":%q,"size":%d%s}`, digest.FromString(manifest), len(manifest), more)
}

func indexOf(entries ...string) tarEntry {
	return tarEntry{name: "index.json", data: `{"schemaVersion":2,"manifests":[` + strings.Join(entries, ",") + `]}`}
}

const named = `,"annotations":{"io.containerd.image.name":"docker.io/library/app:1","org.opencontainers.image.ref.name":"1"}`

var (
	config2     = configOf(2)
	manifest2   = manifestOf(config2, plainLayer, gzipLayer)
	layoutBlobs = []tarEntry{blobEntry(config2), blobEntry(plainLayer), blobEntry(gzipLayer), blobEntry(manifest2)}
	dockerFiles = []tarEntry{
		{name: "c.json", data: config2},
		{name: "a/layer.tar", data: plainLayer},
		{name: "b/layer.tar", link: "../a/layer.tar"},
		{name: "z/layer.tar", data: gzipLayer},
	}
)

func dockerEntry(tags string, layers ...string) tarEntry {
	return tarEntry{name: "manifest.json", data: `[{"Config":"c.json","RepoTags":` + tags + `,"Layers":["` + strings.Join(layers, `","`) + `"]}]`}
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
	{name: "layout before docker-archive", entries: with(layoutBlobs, indexOf(entryOf(manifest2, named)), tarEntry{name: "manifest.json", data: "{"}),
		want: []string{"app:1 plain tar|\x1f\x8b gzip"}},
	{name: "name in the other annotation", entries: with(layoutBlobs, indexOf(entryOf(manifest2, `,"annotations":{"org.opencontainers.image.ref.name":"ghcr.io/org/app:2"}`))),
		want: []string{"ghcr.io/org/app:2 plain tar|\x1f\x8b gzip"}},
	{name: "tag alone", entries: with(layoutBlobs, indexOf(entryOf(manifest2, `,"annotations":{"org.opencontainers.image.ref.name":"latest"}`))),
		want: []string{" plain tar|\x1f\x8b gzip"}},
	{name: "docker-archive", entries: with(dockerFiles, dockerEntry(`["app:1","docker.io/library/b:2"]`, "a/layer.tar", "z/layer.tar")),
		want: []string{"app:1 plain tar|\x1f\x8b gzip", "b:2 plain tar|\x1f\x8b gzip"}},
	{name: "docker-archive with links, no name", entries: with(dockerFiles, dockerEntry("null", "a/layer.tar", "b/layer.tar")),
		want: []string{" plain tar|plain tar"}},

	{name: "nothing", err: "not an image: it has neither index.json nor manifest.json"},
	{name: "empty index", entries: []tarEntry{indexOf()}, err: "index.json names no image"},
	{name: "empty table", entries: []tarEntry{{name: "manifest.json", data: "[]"}}, err: "manifest.json names no image"},
	{name: "malformed table", entries: []tarEntry{{name: "manifest.json", data: "[{]"}}, err: "manifest.json: invalid character ']' looking for beginning of object key string"},
	{name: "two files of one name", entries: []tarEntry{{name: "a", data: "1"}, {name: "./a", data: "2"}}, err: `not an image archive: two files with the name "a"`},
	{name: "missing layer", entries: with(dockerFiles, dockerEntry("[]", "a/layer.tar", "y/layer.tar")), err: "open y/layer.tar: file does not exist"},
	{name: "too few layers", entries: with(dockerFiles, dockerEntry("[]", "a/layer.tar")),
		err: "config c.json: config and layers are not of one image: the config names 2 layers (rootfs.diff_ids), and there are 1"},
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
			// The same as a folder, which has no two files of one name.
			if dir := extract(t, tt.entries); dir != "" {
				checkOpened(t, dir, tt.want, tt.err)
			}
		})
	}
}

// extract writes the entries to a folder. It returns "" for what errors say otherwise of
// a folder.
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
	images, err := Open(t.Context(), path)
	if err != nil {
		// Of a folder, the system says it.
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

var openFormatTests = []struct{ name, data, err string }{
	{name: "gzip", data: gzipLayer, err: "the archive is compressed"},
	{name: "zstd", data: zstdLayer, err: "the archive is compressed"},
	{name: "text", data: strings.Repeat("text", 200), err: "not an image archive: archive/tar: invalid tar header"},
	{name: "cut off", data: string(tarOf(nil, tarEntry{name: "a", data: strings.Repeat("a", 5000)})[:3000]), err: "not an image archive: unexpected EOF"},
}

func TestOpenFormats(t *testing.T) {
	for _, tt := range openFormatTests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			write(t, path, tt.data)
			_, err := Open(t.Context(), path)
			checkError(t, err, tt.err)
		})
	}
}

func TestOpenLeavesTheFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "manifest.json"), `[{"Config":"../secret","Layers":[]}]`)
	_, err := Open(t.Context(), dir)
	checkError(t, err, "../secret: the path leads out of the folder")
}

// FuzzOpen reads archives of strangers. What can be opened can be written, and that is
// the same image.
func FuzzOpen(f *testing.F) {
	f.Add(tarOf(f, with(layoutBlobs, indexOf(entryOf(manifest2, named)))...))
	f.Add(tarOf(f, with(dockerFiles, dockerEntry(`["app:1"]`, "a/layer.tar", "b/layer.tar"))...))
	path := filepath.Join(f.TempDir(), "image.tar")
	again := path + ".again"
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		images, err := Open(t.Context(), path)
		if err != nil {
			return
		}
		for _, image := range images {
			var b bytes.Buffer
			if err := image.WriteArchive(t.Context(), &b, nil); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(again, b.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			reread, err := Open(t.Context(), again)
			if err != nil || len(reread) != 1 {
				t.Fatalf("written and read again: %d images, %v", len(reread), err)
			}
			if got := reread[0]; got.Reference != image.Reference || got.Config.Digest != image.Config.Digest {
				t.Errorf("%s %s became %s %s", image.Reference, image.Config.Digest, got.Reference, got.Config.Digest)
			}
		}
	})
}
