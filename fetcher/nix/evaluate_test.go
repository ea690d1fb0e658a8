package nix

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"hocker/fetcher/image"

	"github.com/opencontainers/go-digest"
)

// requireNix skips a test if Nix is not installed, and lets Nix evaluate
// without a store.
func requireNix(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("nix-instantiate"); err != nil {
		t.Skip("Nix is not installed")
	}
	t.Setenv("NIX_REMOTE", "dummy://")
	t.Setenv("NIX_PATH", "")
}

// blobsOf returns the blobs in an image's expression.
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

// jessie is the image of debian_jessie.nix and debian_jessie_pinned.nix.
func jessie(t *testing.T, pinned bool) Image {
	t.Helper()
	data := readManifest(t)
	m, err := image.ParseManifest(data)
	if err != nil {
		t.Fatal(err)
	}
	i := Image{Reference: parseReference(t, "", "debian:jessie"), Manifest: m}
	if pinned {
		i.Pin = digest.FromBytes(data)
	}
	return i
}

func writeFile(t *testing.T, name, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The expressions that docker2nix writes evaluate to the blobs that they were
// made from.
func TestEvaluateGolden(t *testing.T) {
	requireNix(t)
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
			checkEvaluated(t, filepath.Join("testdata", tt.file), []ImageBlobs{{Blobs: blobsOf(i)}})
		})
	}
}

func checkEvaluated(t *testing.T, file string, want []ImageBlobs) {
	t.Helper()
	got, err := Evaluate(t.Context(), file)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
}

func readGolden(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

var handEditedTests = []struct {
	name string
	text string // with GOLDEN for debian_jessie.nix
	want func(blobs []Blob) []ImageBlobs
}{
	{"a comment and other spaces", "# mine\n/* and mine */ \tGOLDEN\n", one},
	{"let", "let f = GOLDEN; in f", one},
	{"an updated set", "{ fetchdocker, fetchDockerConfig, fetchDockerLayer }@f: (GOLDEN) f // { meta = throw \"unread\"; }", one},
	{"a shape", "f: ((GOLDEN) { inherit (f) fetchdocker fetchDockerConfig fetchDockerLayer; }).archive", one},
	{"a surrounding function", "{ greeting ? \"hello\" }: GOLDEN", one},
	{"a list", "[ (GOLDEN) (GOLDEN) ]", func(b []Blob) []ImageBlobs { return []ImageBlobs{{Blobs: b}, {Blobs: b}} }},
	{"names and systems", "let f = GOLDEN; in { a = f; b = { x86_64-linux = f; aarch64-darwin = f; }; version = 1; }", func(b []Blob) []ImageBlobs {
		return []ImageBlobs{{Name: "a", Blobs: b}, {Name: "b", System: "aarch64-darwin", Blobs: b}, {Name: "b", System: "x86_64-linux", Blobs: b}}
	}},
	{"a layer alone", `{ fetchDockerLayer, ... }: fetchDockerLayer { imageName = "debian"; hash = "sha256:` + layerBase16 + `"; }`, func(b []Blob) []ImageBlobs {
		return []ImageBlobs{{Blobs: b[1:]}}
	}},
	{"a layer with sizes", `{ fetchDockerLayer, ... }: fetchDockerLayer { imageName = "debian"; hash = "sha256:` + layerBase16 + `"; size = 5; maxSize = 6; }`, func(b []Blob) []ImageBlobs {
		sized := b[1]
		sized.Size, sized.MaxSize = 5, 6
		return []ImageBlobs{{Blobs: []Blob{sized}}}
	}},
	{"files among the parts", `{ fetchdocker, fetchDockerLayer, ... }: fetchdocker { name = "x"; imageName = "x"; tag = "1"; imageConfig = ./config.json; imageLayers = [ ./layer.tar (fetchDockerLayer { imageName = "debian"; sha256 = "` + layerBase16 + `"; }) ]; }`, func(b []Blob) []ImageBlobs {
		return []ImageBlobs{{Blobs: b[1:]}}
	}},
	{"an explicit name", `{ fetchDockerLayer, ... }: fetchDockerLayer { name = "own"; imageName = "debian"; sha256 = "` + layerBase16 + `"; }`, func(b []Blob) []ImageBlobs {
		named := b[1]
		named.Name = "own"
		return []ImageBlobs{{Blobs: []Blob{named}}}
	}},
}

func one(blobs []Blob) []ImageBlobs { return []ImageBlobs{{Blobs: blobs}} }

// Expressions that people have edited evaluate as they do in Nix.
func TestEvaluateHandEdited(t *testing.T) {
	requireNix(t)
	golden := readGolden(t, "debian_jessie.nix")
	blobs := blobsOf(jessie(t, false))
	for _, tt := range handEditedTests {
		t.Run(tt.name, func(t *testing.T) {
			checkEvaluated(t, writeFile(t, "image.nix", strings.ReplaceAll(tt.text, "GOLDEN", golden)), tt.want(blobs))
		})
	}
}

// A restrictive nix.conf does not prevent Nix from reading the named file or
// those beside it, also through a link.
func TestEvaluateRestricted(t *testing.T) {
	requireNix(t)
	file := writeFile(t, "image.nix", "import ./debian.nix")
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "debian.nix"), []byte(readGolden(t, "debian_jessie.nix")), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link.nix")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	for _, config := range []string{"", "pure-eval = true", "restrict-eval = true", "pure-eval = true\nrestrict-eval = true"} {
		t.Run(config, func(t *testing.T) {
			t.Setenv("NIX_CONFIG", config)
			checkEvaluated(t, link, []ImageBlobs{{Blobs: blobsOf(jessie(t, false))}})
		})
	}
}

func TestEvaluateSystems(t *testing.T) {
	requireNix(t)
	m, err := image.ParseManifest(manifestWith(1)(t))
	if err != nil {
		t.Fatal(err)
	}
	i := Image{Reference: parseReference(t, "", "debian:jessie"), Manifest: m}
	pinned := i
	pinned.Pin = layerDigest
	text, err := SystemsExpression([]SystemImage{{"x86_64-linux", i}, {"aarch64-linux", pinned}})
	if err != nil {
		t.Fatal(err)
	}
	checkEvaluated(t, writeFile(t, "systems.nix", string(text)), []ImageBlobs{
		{System: "aarch64-linux", Blobs: blobsOf(pinned)}, {System: "x86_64-linux", Blobs: blobsOf(i)},
	})
}

var evaluateErrorTests = []struct {
	name     string
	text     string // or, in debian_jessie_pinned.nix:
	old, new string
	err      string // DIR stands for the file's folder
}{
	{name: "not a function", text: "{ }", err: "it does not evaluate to an image: expected a function of"},
	{name: "unknown argument of the function", old: "{ fetchDockerConfig,", new: "{ pkgs, fetchDockerConfig,", err: "hocker cannot pass the argument pkgs: give it a default (hocker passes fetchDockerConfig, fetchDockerLayer, fetchDockerManifest, fetchdocker)"},
	{name: "JSON", text: `{ "version": 1 }`, err: "syntax error, unexpected ':'"},
	{name: "cut off", old: "in [ layer0 ];\n}\n", err: "syntax error, unexpected end of file"},
	{name: "unknown argument of fetchdocker", old: "  tag = ", new: "  tags = \"x\";\n  tag = ", err: "'fetchdocker'"},
	{name: "undefined variable", old: `"jessie"`, new: "version", err: "undefined variable 'version', at DIR/image.nix:7:9"},
	{name: "a throw", text: `f: throw "this is\nmine"`, err: "this is mine"},
	{name: "endless set", text: "let s = { inherit s; }; in s", err: "attributes nest without end: s.s.s"},
	{name: "a number for a tag", old: `"jessie"`, new: "8", err: "fetchDockerManifest: tag is of type int, expected a string"},
	{name: "invalid hash", old: `sha256 = "1rwin`, new: `sha256 = "2`, err: `config of debian: hash "2`},
	{name: "two hashes", old: `sha256 = "1rwin`, new: `hash = "x"; sha256 = "1rwin`, err: "config of debian has both sha256 and hash: remove one"},
	{name: "another layer", old: `layerDigest = "cd0a`, new: `layerDigest = "dd0a`, err: "layerDigest does not match the hash: layerDigest is d" + layerBase16[1:] + ", the hash is " + layerBase16},
	{name: "invalid registry", old: "https://registry-1.docker.io/v2/", new: "ftp://x", err: `registry "ftp://x": scheme is neither http nor https`},
	{name: "invalid image name", old: `imageName = "debian"`, new: `imageName = "../debian"`, err: `image name "library/../debian": expected components of`},
	{name: "invalid tag", old: `"jessie"`, new: `"jes sie"`, err: `tag "jes sie": expected`},
	{name: "another manifest", old: `imageDigest = "sha256:b`, new: `imageDigest = "sha256:c`, err: "imageDigest is sha256:cf"},
	{name: "invalid store path name", old: "imageConfig = fetchDockerConfig {", new: "imageConfig = fetchDockerConfig {\n name = \"a/b\";", err: `name "a/b":`},
}

func TestEvaluateErrors(t *testing.T) {
	requireNix(t)
	golden := readGolden(t, "debian_jessie_pinned.nix")
	for _, tt := range evaluateErrorTests {
		t.Run(tt.name, func(t *testing.T) {
			text := cmp.Or(tt.text, strings.Replace(golden, tt.old, tt.new, 1))
			if text == golden {
				t.Fatalf("the expression does not contain %s", tt.old)
			}
			file := writeFile(t, "image.nix", text)
			got, err := Evaluate(t.Context(), file)
			want := strings.ReplaceAll(tt.err, "DIR", filepath.Dir(file))
			if !errors.As(err, new(*ExpressionError)) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") || got != nil {
				t.Errorf("got %+v, %v\nwant %s", got, err, want)
			}
		})
	}
}

func TestEvaluateCancelled(t *testing.T) {
	requireNix(t)
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := Evaluate(ctx, "testdata/debian_jessie.nix"); !errors.Is(err, cause) {
		t.Error(err)
	}
}

func TestEvaluateWithoutNix(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Evaluate(t.Context(), "testdata/debian_jessie.nix")
	if !errors.As(err, new(*StoreError)) || !errors.Is(err, exec.ErrNotFound) {
		t.Error(err)
	}
}

// The functions of evaluate.nix take the same arguments as those in
// nix/fetchdocker.nix.
func TestEvaluateArguments(t *testing.T) {
	requireNix(t)
	real, err := filepath.Abs("../../nix/fetchdocker.nix")
	if err != nil {
		t.Fatal(err)
	}
	arguments := func(functions string) string {
		text := `f: f.fetchDockerLayer { imageName = "x"; name = builtins.toJSON (builtins.mapAttrs (_: builtins.functionArgs) (builtins.intersectAttrs f (` + functions + `))); }`
		images, err := evaluate(t.Context(), writeFile(t, "arguments.nix", text))
		if err != nil {
			t.Fatal(err)
		}
		return images[0].Blobs[0].Name
	}
	got, want := arguments("f"), arguments(`import `+real+` { hocker = "/x"; system = "x86_64-linux"; }`)
	if got != want || !strings.Contains(got, "fetchDockerManifest") {
		t.Errorf("the functions of evaluate.nix take\n%s\nthose of fetchdocker.nix take\n%s", got, want)
	}
}

var evaluationErrorTests = []struct {
	name, output, want string
}{
	{"Nix 2.8", "error: syntax error, unexpected end of file\n\n       at /a b/f.nix:1:62:\n\n            1| { a = 1;\n             |   ^\n", "syntax error, unexpected end of file, at /a b/f.nix:1:62"},
	{"Nix 2.34", "error:\n       … while calling the 'throw' builtin\n         at /f.nix:1:4:\n            1| f: throw \"x\"\n             |    ^\n\n       error: this is\n       mine\n", "this is mine"},
	{"code of hocker", "error: it takes pkgs\n       at «string»:7:1:\n            7| x\n", "it takes pkgs"},
	{"a hint", "error: it takes pkgs\n(use '--show-trace' to show detailed location information)\n", "it takes pkgs"},
	{"a warning first", "warning: x\nerror: y\n", "y"},
	{"none", "Killed\n", "Killed"},
	{"nothing", "", ""},
}

func TestEvaluationError(t *testing.T) {
	for _, tt := range evaluationErrorTests {
		t.Run(tt.name, func(t *testing.T) {
			if got := evaluationError(tt.output); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// FuzzEvaluatedImage: an accepted image has valid store paths, and its
// reference prints as text that parses to the same reference.
func FuzzEvaluatedImage(f *testing.F) {
	f.Add(`{"path":["x86_64-linux"],"digest":null,"blobs":[{"kind":"layer","imageName":"debian","sha256":"` + layerBase16 + `"}]}`)
	f.Add(`{"path":[],"blobs":[{"kind":"config","registry":"http://localhost:5000/v2/","repository":"","imageName":"a","tag":"1","hash":"` + layerBase16 + `"}]}`)
	f.Add(`{"path":["a","b"],"digest":"x","blobs":[{"kind":"manifest","imageName":"a","tag":"1","sha256":"` + layerBase16 + `"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		var e evaluatedImage
		if json.Unmarshal([]byte(text), &e) != nil {
			return
		}
		image, err := e.image()
		if err != nil {
			if !errors.As(err, new(*ExpressionError)) || image.Blobs != nil {
				t.Errorf("got %+v, %v", image, err)
			}
			return
		}
		for _, blob := range image.Blobs {
			if err := CheckName(blob.Name); err != nil {
				t.Error(err)
			}
			if err := blob.Digest.Validate(); err != nil {
				t.Error(err)
			}
			if again, err := blob.Repository.Registry.Repository(blob.Repository.Path); err != nil || again != blob.Repository {
				t.Errorf("%+v: %+v, %v", blob.Repository, again, err)
			}
		}
	})
}
