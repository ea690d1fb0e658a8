package nix

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// skeleton returns the code of an expression, with ◻ for each string.
func skeleton(layers int, pinned bool) string {
	var b strings.Builder
	function, manifest := "", ""
	if pinned {
		function = "fetchDockerManifest, "
		manifest = " imageDigest = ◻; imageManifest = fetchDockerManifest { inherit tag registry repository imageName; sha256 = ◻; };"
	}
	fmt.Fprintf(&b, "{ fetchDockerConfig, fetchDockerLayer, %sfetchdocker }: fetchdocker rec {", function)
	b.WriteString(" name = ◻; registry = ◻; repository = ◻; imageName = ◻; tag = ◻;" + manifest)
	b.WriteString(" imageConfig = fetchDockerConfig { inherit tag registry repository imageName; sha256 = ◻; }; imageLayers = let")
	for i := range layers {
		fmt.Fprintf(&b, " layer%d = fetchDockerLayer { inherit registry repository imageName; layerDigest = ◻; sha256 = ◻; };", i)
	}
	b.WriteString(" in [")
	for i := range layers {
		fmt.Fprintf(&b, " layer%d", i)
	}
	return b.String() + " ]; }"
}

// literals returns the strings of an expression, in order, and its skeleton,
// with single spaces.
func literals(t *testing.T, expr string) (values []string, skeleton string) {
	t.Helper()
	var b strings.Builder
	for {
		code, rest, ok := strings.Cut(expr, `"`)
		b.WriteString(code)
		if !ok {
			return values, strings.Join(strings.Fields(b.String()), " ")
		}
		value, rest, err := readString(`"` + rest)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, value)
		b.WriteString("◻")
		expr = rest
	}
}

// checkExpression reads a whole expression. Its code is always the same, and
// its strings are those of the image.
func checkExpression(t *testing.T, i Image, expr []byte) {
	t.Helper()
	repository, imageName := i.Reference.Split()
	want := []string{
		cmp.Or(i.Name, imageName), i.Reference.Registry.String(), repository, imageName,
		cmp.Or(i.Reference.Tag, i.Reference.Digest.String()),
	}
	if i.Pin != "" {
		want = append(want, i.Pin.String(), base32(t, i.Pin))
	}
	want = append(want, base32(t, i.Manifest.Config.Digest))
	for _, layer := range i.Manifest.Layers {
		want = append(want, layer.Digest.Encoded(), base32(t, layer.Digest))
	}
	values, code := literals(t, string(expr))
	if wanted := skeleton(len(i.Manifest.Layers), i.Pin != ""); code != wanted {
		t.Errorf("code\n got: %s\nwant: %s", code, wanted)
	}
	if fmt.Sprintf("%q", values) != fmt.Sprintf("%q", want) {
		t.Errorf("strings\n got: %q\nwant: %q", values, want)
	}
}

func base32(t *testing.T, d digest.Digest) string {
	t.Helper()
	s, err := Base32(d)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// FuzzExpression uses names that no parser has checked: even hostile names stay
// strings and keep their value.
func FuzzExpression(f *testing.F) {
	f.Add("debian", "https", "registry-1.docker.io", "", "library/debian", "jessie", uint8(1), false)
	f.Add("", "http", "localhost:5000", "/a", "x", "sha256:1", uint8(0), true)
	f.Add("x", `"`, `";x`, `${x}`, `a/${builtins.readFile "/etc/passwd"}`, "\\", uint8(3), true)
	f.Add("x", "$", "\"\n", "'' + '", "\\\"/$", "${", uint8(2), false)
	f.Add("", "https", "h", "", "\x10", "1", uint8(0), false)
	f.Add(`"; x = "`, "https", "h", "", "a/b\x00", "\xff", uint8(2), false)
	f.Fuzz(func(t *testing.T, name, scheme, host, prefix, path, tag string, layers uint8, pin bool) {
		i := Image{
			Name: name,
			Reference: reference.Reference{
				Repository: reference.Repository{Registry: reference.Registry{Scheme: scheme, Host: host, Prefix: prefix}, Path: path},
				Tag:        tag,
				Digest:     configDigest,
			},
			Manifest: ocispec.Manifest{Config: ocispec.Descriptor{Digest: digest.FromString(name)}},
		}
		if pin {
			i.Pin = digest.FromString(tag)
		}
		for n := range layers % 8 {
			i.Manifest.Layers = append(i.Manifest.Layers, ocispec.Descriptor{Digest: digest.FromString(path + string(rune(n)))})
		}
		expr, err := i.Expression()
		// Without a name, fetchdocker makes one of the repository.
		if nameErr := CheckName(cmp.Or(name, "x")); (err == nil) != (nameErr == nil) {
			t.Errorf("error %v, but CheckName says %v", err, nameErr)
		}
		if err != nil {
			if expr != nil {
				t.Errorf("error %v, but also the expression %q", err, expr)
			}
			return
		}
		checkExpression(t, i, expr)
	})
}
