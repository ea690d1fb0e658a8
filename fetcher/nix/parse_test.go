package nix

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"hocker/fetcher/image"

	"github.com/opencontainers/go-digest"
)

// blobsOf is what an image's expression is to be read as.
func blobsOf(i Image) []Blob {
	repository, imageName := i.Reference.Split()
	tag := cmp.Or(i.Reference.Tag, i.Reference.Digest.String())
	var blobs []Blob
	add := func(kind, name string, d digest.Digest) {
		blobs = append(blobs, Blob{Kind: kind, Name: name, Repository: i.Reference.Repository, Digest: d})
	}
	if i.Pin != "" {
		add("manifest", TagName("manifest", repository, imageName, tag, i.Pin), i.Pin)
	}
	config := i.Manifest.Config.Digest
	add("config", TagName("config", repository, imageName, tag, config), config)
	for _, layer := range i.Manifest.Layers {
		add("layer", LayerName(layer.Digest), layer.Digest)
	}
	return blobs
}

func readGolden(t testing.TB, file string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestParseExpression(t *testing.T) {
	for _, tt := range goldenTests {
		t.Run(tt.file, func(t *testing.T) {
			data := tt.manifest(t)
			m, err := image.ParseManifest(data)
			if err != nil {
				t.Fatal(err)
			}
			i := Image{Reference: parseReference(t, tt.registry, tt.reference), Manifest: m}
			if tt.pin {
				i.Pin = digest.FromBytes(data)
			}
			checkParsed(t, readGolden(t, tt.file), []ImageBlobs{{Blobs: blobsOf(i)}})
		})
	}
}

// checkParsed parses an expression as it is and with other white space.
func checkParsed(t *testing.T, text string, want []ImageBlobs) {
	t.Helper()
	for _, layout := range []string{text, "# a comment\n" + strings.ReplaceAll(text, " ", "\n  # another\n\t"), strings.ReplaceAll(text, "\n", "\r\n")} {
		got, err := ParseExpression([]byte(layout))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v\nwant %+v", got, err, want)
		}
	}
}

func TestParseSystems(t *testing.T) {
	debian := parseReference(t, "", "debian:jessie")
	m, err := image.ParseManifest(manifestWith(1)(t))
	if err != nil {
		t.Fatal(err)
	}
	i := Image{Reference: debian, Manifest: m}
	pinned := i
	pinned.Pin = layerDigest
	text, err := SystemsExpression([]SystemImage{{"x86_64-linux", i}, {"aarch64-linux", pinned}})
	if err != nil {
		t.Fatal(err)
	}
	checkParsed(t, string(text), []ImageBlobs{{System: "x86_64-linux", Blobs: blobsOf(i)}, {System: "aarch64-linux", Blobs: blobsOf(pinned)}})
}

var parseErrorTests = []struct {
	name     string
	file     string // default: debian_jessie.nix
	old, new string
	err      string // after "not an expression of docker2nix: "
}{
	{name: "another function", old: "{ fetchDockerConfig,", new: "{ pkgs,", err: `line 1: expected "fetchDockerConfig", found "pkgs"`},
	{name: "another function, with other code in it", old: "{ fetchDockerConfig,", new: "{ pkgs ? (import <nixpkgs> { }),", err: `line 1: expected "fetchDockerConfig", found "pkgs"`},
	{name: "JSON", old: "{ fetchDockerConfig,", new: `{ "version": 1,`, err: `line 1: expected "fetchDockerConfig", found the string "version"`},
	{name: "the other hash", old: "    sha256 = \"1r", new: "    hash = \"1r", err: `line 10: expected "sha256", found "hash"`},
	{name: "another image", old: "fetchdocker rec", new: "pullImage rec", err: `line 2: expected "fetchdocker", found "pullImage"`},
	{name: "one argument more", old: "  tag = ", new: "  image = \"x\";\n  tag = ", err: `line 7: expected "tag", found "image"`},
	{name: "a layer left out of the list", old: "[ layer0 ", new: "[ ", err: `line 18: expected "layer0", found "]"`},
	{name: "a layer from elsewhere", old: "[ layer0 ", new: "[ layer0 (import ./x) ", err: `line 18: '(' is nothing that docker2nix writes`},
	{name: "a word more", old: "[ layer0 ", new: "[ layer0 layer1 ", err: `line 18: expected "]", found "layer1"`},
	{name: "an expression for a string", old: `tag = "jessie"`, new: "tag = version", err: `line 7: expected a string, found "version"`},
	{name: "antiquotation", old: `"jessie"`, new: `"${version}"`, err: "line 7: a string has an ${antiquotation}"},
	{name: "no end of a string", old: `"jessie"`, new: `"jessie`, err: `line 10: expected ";", found "1rwin`},
	{name: "no end of the last string", old: "[ layer0 ", new: "[ \"layer0 ", err: "line 18: a string has no end"},
	{name: "something behind it", old: "in [ layer0 ];\n}", new: "in [ layer0 ];\n} // { }", err: `line 19: '/' is nothing that docker2nix writes`},
	{name: "another one behind it", old: "in [ layer0 ];\n}", new: "in [ layer0 ];\n}\n\"\"", err: `line 20: expected the end, found the string ""`},
	{name: "cut off", old: "    in [ layer0 ];\n}\n", err: `line 18: expected "layer1", found the end`},
	{name: "no hash", old: `"1rwinmvfc8jxn54y7qnj82acrc97y7xcnn22zaz67y76n4wbwjh5"`, new: `"1"`, err: `line 10: sha256: hash "1": ` + hashForms},
	{name: "another layer", old: `layerDigest = "cd0a`, new: `layerDigest = "dd0a`, err: "line 13: layerDigest and sha256 contradict each other: layerDigest is sha256:d" + layerBase16[1:] + ", sha256 says " + layerDigest},
	{name: "no registry", old: "https://registry-1.docker.io/v2/", new: "ftp://x", err: `line 4: registry "ftp://x": its scheme is neither http nor https, expected https://HOST[:PORT]/v2/`},
	{name: "no image name", old: `imageName = "debian"`, new: `imageName = "../debian"`, err: `line 6: image name "library/../debian": expected parts of a-z, 0-9 and single . _ - between them, separated by slashes`},
	{name: "no tag", old: `"jessie"`, new: `"jes sie"`, err: `line 7: tag "jes sie": expected`},
	{name: "another manifest", file: "debian_jessie_pinned.nix", old: `imageDigest = "sha256:`, new: `imageDigest = "sha256:0`, err: `line 8: imageDigest is "sha256:0`},
	{name: "a manifest without its function", file: "debian_jessie_pinned.nix", old: " fetchDockerManifest,", err: `line 8: expected "imageConfig", found "imageDigest"`},
	{name: "a system twice", file: "systems.nix", old: "  aarch64-linux =", new: "  x86_64-linux =", err: "line 21: the system x86_64-linux stands there twice"},
	{name: "no system", file: "systems.nix", old: "  aarch64-linux =", new: "  default =", err: `line 21: expected a system as x86_64-linux, found "default"`},
}

func TestParseExpressionErrors(t *testing.T) {
	for _, tt := range parseErrorTests {
		t.Run(tt.name, func(t *testing.T) {
			text := readGolden(t, cmp.Or(tt.file, "debian_jessie.nix"))
			changed := strings.Replace(text, tt.old, tt.new, 1)
			if changed == text {
				t.Fatalf("there is no %s", tt.old)
			}
			got, err := ParseExpression([]byte(changed))
			if err == nil || !strings.HasPrefix(err.Error(), "not an expression of docker2nix: "+tt.err) || got != nil {
				t.Errorf("got %+v, %v\nwant %s", got, err, tt.err)
			}
		})
	}
}

// FuzzParseExpression: what is taken is taken with any white space, and can be
// in the store; what is not is an error on a line that there is.
func FuzzParseExpression(f *testing.F) {
	for _, file := range []string{"debian_jessie.nix", "debian_jessie_pinned.nix", "no_layers.nix", "by_digest.nix", "systems.nix"} {
		f.Add(readGolden(f, file))
	}
	f.Fuzz(func(t *testing.T, text string) {
		images, err := ParseExpression([]byte(text))
		if err != nil {
			var e *ExpressionError
			if !errors.As(err, &e) || e.Line < 1 || e.Line > 1+strings.Count(text, "\n") || images != nil {
				t.Errorf("got %+v, %v", images, err)
			}
			return
		}
		tokens, err := lex(text)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, token := range tokens {
			if token.isString {
				b.WriteString(String(token.text))
			} else {
				b.WriteString(token.text)
			}
			b.WriteString("\n")
		}
		again, err := ParseExpression([]byte(b.String()))
		if err != nil || !reflect.DeepEqual(again, images) {
			t.Errorf("got %+v, then %+v, %v", images, again, err)
		}
		for _, image := range images {
			for _, blob := range image.Blobs {
				if err := CheckName(blob.Name); err != nil {
					t.Error(err)
				}
			}
		}
	})
}
