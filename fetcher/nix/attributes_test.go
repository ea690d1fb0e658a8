package nix

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// structured returns the environment of a builder with structured attributes.
func structured(t *testing.T, text string) env {
	t.Helper()
	path := filepath.Join(t.TempDir(), ".attrs.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return env{"NIX_ATTRS_JSON_FILE": path}
}

// layerAttributes is the JSON file that Nix writes for a layer with
// __structuredAttrs.
const layerAttributes = `{"builder":"/bin/hocker","hockerMirrors":["docker.io=https://a","*=https://b"],` +
	`"imageName":"debian","layerDigest":null,"name":"docker-layer","outputHash":"` + layerBase16 + `","outputHashAlgo":"sha256",` +
	`"outputHashMode":"flat","outputs":{"out":"/nix/store/x-docker-layer"},"preferLocalBuild":true,"repository":"library","system":"x86_64-linux"}`

func TestReadStructuredBuilder(t *testing.T) {
	a, err := ReadAttributes(structured(t, layerAttributes).get)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ReadBuilder(a)
	want := Builder{Out: "/nix/store/x-docker-layer", Digest: layerDigest, Repository: debian, Mirrors: "docker.io=https://a,*=https://b"}
	if err != nil || got != want {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
}

// Nix 2.8 gives a path that does not exist in the sandbox.
func TestReadAttributesNix28(t *testing.T) {
	e := structured(t, layerAttributes)
	e["NIX_BUILD_TOP"] = filepath.Dir(e["NIX_ATTRS_JSON_FILE"])
	e["NIX_ATTRS_JSON_FILE"] = "/tmp/nix-build-docker-layer.drv-0/.attrs.json"
	a, err := ReadAttributes(e.get)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := a.String("imageName"); got != "debian" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

var structuredErrorTests = []struct {
	name string
	text string
	err  string
}{
	{name: "not JSON", text: "{", err: "structured attributes: FILE: unexpected end of JSON input"},
	{name: "a list for the hash", text: strings.Replace(layerAttributes, `"`+layerBase16+`"`, `["x"]`, 1), err: "attribute outputHash is a list, expected a string"},
	{name: "a number for the name", text: strings.Replace(layerAttributes, `"debian"`, `1`, 1), err: "attribute imageName is a number, expected a string"},
	{name: "a Boolean for the algorithm", text: strings.Replace(layerAttributes, `"sha256"`, `true`, 1), err: "attribute outputHashAlgo is a Boolean, expected a string"},
	{name: "a set among the mirrors", text: strings.Replace(layerAttributes, `"*=https://b"`, `{}`, 1), err: "attribute hockerMirrors[1] is a set, expected a string"},
	{name: "a set for the mirrors", text: strings.Replace(layerAttributes, `["docker.io=https://a","*=https://b"]`, `{}`, 1), err: "attribute hockerMirrors is a set, expected a string"},
	{name: "outputs that are not a set", text: strings.Replace(layerAttributes, `{"out":"/nix/store/x-docker-layer"}`, `["out"]`, 1), err: "attribute outputs: json: cannot unmarshal array into Go value of type map[string]json.RawMessage"},
	{name: "no hash", text: strings.Replace(layerAttributes, `"`+layerBase16+`"`, `null`, 1), err: "out and outputHash are not set: this command is run by Nix, as the builder of a fixed-output derivation"},
}

func TestReadStructuredBuilderErrors(t *testing.T) {
	for _, tt := range structuredErrorTests {
		t.Run(tt.name, func(t *testing.T) {
			e := structured(t, tt.text)
			a, err := ReadAttributes(e.get)
			if err == nil {
				_, err = ReadBuilder(a)
			}
			checkError(t, err, strings.ReplaceAll(tt.err, "FILE", e["NIX_ATTRS_JSON_FILE"]))
		})
	}
}

func TestAttributesText(t *testing.T) {
	file := filepath.Join(t.TempDir(), "spec")
	if err := os.WriteFile(file, []byte(`{"a":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, e := range map[string]env{
		"environment": {"spec": `{"a":1}`},
		"passAsFile":  {"specPath": file},
		"string":      structured(t, `{"spec":"{\"a\":1}"}`),
		"set":         structured(t, `{"spec":{"a":1}}`),
	} {
		t.Run(name, func(t *testing.T) {
			a, err := ReadAttributes(e.get)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := a.Text("spec"); string(got) != `{"a":1}` || err != nil {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	for name, e := range map[string]env{"environment": {}, "structured": structured(t, `{}`)} {
		a, err := ReadAttributes(e.get)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := a.Text("spec"); len(got) != 0 || err != nil {
			t.Errorf("%s: got %q, %v for a missing attribute", name, got, err)
		}
	}
}

func TestAttributesStrings(t *testing.T) {
	for text, want := range map[string][]string{
		`{}`:              nil,
		`{"m":null}`:      nil,
		`{"m":""}`:        nil,
		`{"m":"a b"}`:     {"a b"},
		`{"m":[]}`:        {},
		`{"m":["a","b"]}`: {"a", "b"},
	} {
		a, err := ReadAttributes(structured(t, text).get)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := a.Strings("m"); !slices.Equal(got, want) || err != nil {
			t.Errorf("%s: got %q, %v, want %q", text, got, err, want)
		}
	}
}
