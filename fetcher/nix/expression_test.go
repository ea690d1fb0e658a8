package nix

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hocker/fetcher/image"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// goldenTests compare whole files.
var goldenTests = []struct {
	file      string
	reference string
	registry  string // if the reference's name does not include it
	name      string
	pin       bool
	manifest  func(t *testing.T) []byte
}{
	{file: "debian_jessie.nix", reference: "library/debian:jessie", manifest: readManifest},
	{file: "debian_jessie_pinned.nix", reference: "debian:jessie", pin: true, manifest: readManifest},
	{file: "no_layers.nix", reference: "localhost:5000/scratch", manifest: manifestWith(0)},
	{file: "many_layers.nix", reference: "org/team/app:v1.0", name: "app-of-the_team", manifest: manifestWith(12)},
	{file: "by_digest.nix", reference: "ghcr.io/app@" + configDigest, manifest: manifestWith(1)},
	{file: "prefix.nix", reference: "a/b/c:1", registry: "https://harbor.example/proxy/v2/", manifest: manifestWith(1)},
}

func readManifest(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/debian_jessie.json")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// manifestWith returns a manifest with n layers. Every third layer is a copy of
// the first.
func manifestWith(n int) func(*testing.T) []byte {
	return func(*testing.T) []byte {
		layers := make([]string, n)
		for i := range layers {
			content := fmt.Sprint(i)
			if i%3 == 0 {
				content = "0"
			}
			layers[i] = fmt.Sprintf(`{"size":1,"digest":"%s"}`, digest.FromString(content))
		}
		return []byte(`{"schemaVersion":2,"config":{"digest":"` + configDigest + `"},"layers":[` + strings.Join(layers, ",") + `]}`)
	}
}

func TestExpression(t *testing.T) {
	for _, tt := range goldenTests {
		t.Run(tt.file, func(t *testing.T) {
			data := tt.manifest(t)
			m, err := image.ParseManifest(data)
			if err != nil {
				t.Fatal(err)
			}
			i := Image{Name: tt.name, Reference: parseReference(t, tt.registry, tt.reference), Manifest: m}
			if tt.pin {
				i.Pin = digest.FromBytes(data)
			}
			got, err := i.Expression()
			if err != nil {
				t.Fatal(err)
			}
			checkGolden(t, tt.file, got)
			checkExpression(t, i, got)
		})
	}
}

func parseReference(t *testing.T, registry, name string) reference.Reference {
	t.Helper()
	parse := reference.Parse
	if registry != "" {
		r, err := reference.ParseRegistry(registry)
		if err != nil {
			t.Fatal(err)
		}
		parse = r.ParseReference
	}
	ref, err := parse(name)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func checkGolden(t *testing.T, file string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s differs (-update rewrites it):\n%s", path, got)
	}
}

func TestSystemsExpression(t *testing.T) {
	m, err := image.ParseManifest(readManifest(t))
	if err != nil {
		t.Fatal(err)
	}
	i := Image{Reference: parseReference(t, "", "debian:jessie"), Manifest: m}
	pinned := i
	pinned.Pin = layerDigest
	got, err := SystemsExpression([]SystemImage{{"x86_64-linux", i}, {"aarch64-linux", pinned}})
	if err != nil {
		t.Fatal(err)
	}
	checkGolden(t, "systems.nix", got)

	i.Name = "."
	_, err = SystemsExpression([]SystemImage{{"x86_64-linux", i}})
	checkError(t, err, `x86_64-linux: name ".": expected at most 207 characters of a-z, A-Z, 0-9 and + - _ . ? =, not starting with a dot`)
}

func sha512(s string) digest.Digest { return digest.SHA512.FromString(s) }

var expressionFailureTests = []struct {
	name   string
	change func(i *Image)
	err    string
}{
	{name: "name with a leading dot", change: func(i *Image) { i.Name = ".debian" }, err: `name ".debian": expected at most 207 characters of a-z, A-Z, 0-9 and + - _ . ? =, not starting with a dot`},
	{name: "name with code", change: func(i *Image) { i.Name = `${x}"` }, err: `name "${x}\"": expected at most 207 characters of a-z, A-Z, 0-9 and + - _ . ? =, not starting with a dot`},
	{name: "long name", change: func(i *Image) { i.Name = strings.Repeat("a", 208) }, err: `name "` + strings.Repeat("a", 208) + `": expected at most 207 characters of a-z, A-Z, 0-9 and + - _ . ? =, not starting with a dot`},
	{name: "sha512 config", change: func(i *Image) { i.Manifest.Config.Digest = sha512("x") }, err: "it cannot be a flat sha256 fixed-output derivation: digest " + string(sha512("x")[:40]) + "… uses sha512, expected sha256"},
	{name: "sha512 layer", change: func(i *Image) { i.Manifest.Layers[0].Digest = sha512("x") }, err: "it cannot be a flat sha256 fixed-output derivation: digest " + string(sha512("x")[:40]) + "… uses sha512, expected sha256"},
	// the pin is written as an sha256 whatever it is.
	{name: "sha512 pin", change: func(i *Image) { i.Pin = sha512("x") }, err: "it cannot be a flat sha256 fixed-output derivation: digest " + string(sha512("x")[:40]) + "… uses sha512, expected sha256"},
	{name: "foreign layer", change: func(i *Image) {
		i.Manifest.Layers[0].MediaType = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
		i.Manifest.Layers[0].URLs = []string{"https://example.com/layer"}
	}, err: "fetchDockerLayer asks the registry: layer " + layerDigest + " is foreign: the registry does not hold it; it is available from https://example.com/layer"},
}

func TestExpressionFailures(t *testing.T) {
	for _, tt := range expressionFailureTests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := image.ParseManifest(readManifest(t))
			if err != nil {
				t.Fatal(err)
			}
			i := Image{Reference: parseReference(t, "", "debian:jessie"), Manifest: m}
			tt.change(&i)
			got, err := i.Expression()
			checkError(t, err, tt.err)
			if got != nil {
				t.Errorf("besides the error, got %q", got)
			}
		})
	}
}

func TestCheckName(t *testing.T) {
	for _, name := range []string{"a", "-", "A+b-c_d?e=f.g", "_", strings.Repeat("a", 207)} {
		if err := CheckName(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"", ".", ".a", "a/b", "a b", "a\n", "é", "a\x00", `"`, "${a}", strings.Repeat("a", 208)} {
		if CheckName(name) == nil {
			t.Errorf("name %q is accepted", name)
		}
	}
}

var systemTests = []struct {
	platform ocispec.Platform
	want     string
}{
	{platform: ocispec.Platform{OS: "linux", Architecture: "amd64"}, want: "x86_64-linux"},
	{platform: ocispec.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"}, want: "aarch64-linux"},
	{platform: ocispec.Platform{OS: "linux", Architecture: "arm", Variant: "v7"}, want: "armv7l-linux"},
	{platform: ocispec.Platform{OS: "linux", Architecture: "arm"}, want: "armv7l-linux"},
	{platform: ocispec.Platform{OS: "linux", Architecture: "386"}, want: "i686-linux"},
	{platform: ocispec.Platform{OS: "unknown", Architecture: "unknown"}},
	{platform: ocispec.Platform{OS: "windows", Architecture: "amd64"}},
	{platform: ocispec.Platform{OS: "linux", Architecture: `"; x`}},
}

func TestSystem(t *testing.T) {
	for _, tt := range systemTests {
		if got := System(tt.platform); got != tt.want {
			t.Errorf("%s: got %q, want %q", image.FormatPlatform(tt.platform), got, tt.want)
		}
	}
}
