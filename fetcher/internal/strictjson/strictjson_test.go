package strictjson_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"hocker/fetcher/internal/strictjson"
)

// document has what documents of images have: embedded and nested structs, lists, maps,
// raw values, and fields with and without a name in JSON.
type document struct {
	version
	Base
	Config *part             `json:"config,omitempty"`
	Layers []part            `json:"layers"`
	Labels map[string]string `json:"labels"`
	Parts  map[string]part   `json:"parts"`
	Any    any               `json:"any"`
	Raw    json.RawMessage   `json:"raw"`
	Hidden string            `json:"-"`
	Named  string
}

type (
	version struct {
		Number int `json:"number"`
	}
	Base struct {
		OS string `json:"os"`
	}
	part struct {
		Digest string `json:"digest"`
		Sub    *part  `json:"sub"`
	}
)

var documents = []struct {
	name, data string
	err        string // empty: accepted
}{
	{name: "every field", data: `{"number": 1, "os": "x", "config": {"digest": "a", "sub": {"digest": "b"}}, "layers": [{"digest": "c"}], "labels": {"a": "b"}, "Named": "n"}`},
	{name: "nothing", data: `{}`},
	{name: "null", data: `null`},
	{name: "null in it", data: `{"config": null, "layers": null, "labels": null}`},
	{name: "unknown keys", data: `{"x": {"y": [1, {"z": 2}]}, "xX": 1, "Xx": 2, "layers": [{"urls": [], "URLs": []}]}`},
	{name: "labels that differ in their case", data: `{"labels": {"maintainer": "a", "Maintainer": "b", "LABELS": "c"}}`},
	{name: "keys of unknown objects", data: `{"any": {"os": 1, "OS": 2}, "raw": {"layers": 1, "Layers": 2}}`},
	{name: "a hidden field", data: `{"hidden": 1, "Hidden": 2, "-": 3}`},
	{name: "the same key in several objects", data: `{"layers": [{"digest": "a"}, {"digest": "a"}], "config": {"digest": "a"}}`},

	{name: "twice", data: `{"layers": [], "layers": [{"digest": "a"}]}`, err: `duplicate key "layers"`},
	{name: "twice, equal", data: `{"os": "x", "os": "x"}`, err: `duplicate key "os"`},
	{name: "twice, escaped", data: `{"os": "x", "\u006fs": "y"}`, err: `duplicate key "os"`},
	{name: "twice, not UTF-8", data: "{\"a\xff\": 1, \"a\xfe\": 2}", err: `duplicate key "a` + "\ufffd" + `"`},
	{name: "twice, empty", data: `{"": 1, "": 2}`, err: `duplicate key ""`},
	{name: "twice, deep", data: `{"layers": [{}, {"sub": {"digest": "a", "digest": "b"}}]}`, err: `duplicate key "layers[1].sub.digest"`},
	{name: "twice, an unknown key", data: `{"x": [[0, {"y": {"z": 1, "z": 2}}]]}`, err: `duplicate key "x[0][1].y.z"`},
	{name: "twice, a label", data: `{"labels": {"a": "b", "a": "c"}}`, err: `duplicate key "labels.a"`},
	{name: "twice, in a raw value", data: `{"raw": {"a": 1, "a": 2}}`, err: `duplicate key "raw.a"`},
	{name: "another case", data: `{"layers": [], "Layers": [{"digest": "a"}]}`, err: `key "Layers", expected "layers"`},
	{name: "another case, alone", data: `{"Layers": [{"digest": "a"}]}`, err: `key "Layers", expected "layers"`},
	{name: "another case, null", data: `{"LAYERS": null}`, err: `key "LAYERS", expected "layers"`},
	{name: "another case, deep", data: `{"config": {"sub": {"Digest": "a"}}}`, err: `key "config.sub.Digest", expected "digest"`},
	{name: "another case, in a map", data: `{"parts": {"DIGEST": {"Sub": {}}}}`, err: `key "parts.DIGEST.Sub", expected "sub"`},
	{name: "another case, embedded", data: `{"Os": "x"}`, err: `key "Os", expected "os"`},
	{name: "another case, embedded and not exported", data: `{"NUMBER": 1}`, err: `key "NUMBER", expected "number"`},
	{name: "another case, without a name in JSON", data: `{"named": "x"}`, err: `key "named", expected "Named"`},
	{name: "another letter", data: `{"layer` + "\u017f" + `": []}`, err: `key "layer` + "\u017f" + `", expected "layers"`},

	{name: "not JSON", data: `{`, err: "unexpected end of JSON input"},
	{name: "another type", data: `{"layers": 1}`, err: "json: cannot unmarshal number into Go struct field document.layers of type []strictjson_test.part"},
	{name: "too deep", data: strings.Repeat("[", 20000), err: "invalid character '[' exceeded max depth"},
	{name: "a long path", data: `{"` + strings.Repeat("x", 500) + `": {"a": 1, "a": 2}}`, err: `duplicate key "…` + strings.Repeat("x", 198) + `.a"`},
}

func TestUnmarshal(t *testing.T) {
	for _, tt := range documents {
		t.Run(tt.name, func(t *testing.T) {
			var strict, loose document
			err := strictjson.Unmarshal([]byte(tt.data), &strict)
			if text := fmt.Sprint(err); text != tt.err && (err != nil || tt.err != "") {
				t.Errorf("got %v, want %s", err, tt.err)
			}
			if looseErr := json.Unmarshal([]byte(tt.data), &loose); err == nil && (looseErr != nil || !reflect.DeepEqual(strict, loose)) {
				t.Errorf("got %+v, but encoding/json reads %+v", strict, loose)
			}
		})
	}
}

func TestLine(t *testing.T) {
	var key *strictjson.KeyError
	_, err := strictjson.Parse([]byte("{\n\"a\": {\n\"b\": 1,\n\n\"b\":\n2}}"))
	if !errors.As(err, &key) || key.Line != 5 || key.Path != "a.b" {
		t.Errorf("got %+v", err)
	}
	if err := strictjson.Unmarshal([]byte("{\n\n\"Os\": \"x\"}"), &document{}); !errors.As(err, &key) || key.Line != 3 {
		t.Errorf("got %+v", err)
	}
}

// FuzzUnmarshal: encoding/json reads an accepted document in the same way with the exact
// keys alone, and nothing in it is there twice. Parse accepts what has no key twice.
func FuzzUnmarshal(f *testing.F) {
	for _, tt := range documents {
		f.Add([]byte(tt.data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var strict document
		err := strictjson.Unmarshal(data, &strict)
		if err != nil && len(err.Error()) > 1000+len(data) {
			t.Errorf("the error for %d bytes has %d bytes", len(data), len(err.Error()))
		}
		if root, parseErr := strictjson.Parse(data); err == nil && (parseErr != nil || root == nil) {
			t.Errorf("%q: Unmarshal accepts it, Parse does not: %v", data, parseErr)
		}
		if err != nil {
			return
		}
		var tree any
		if err := json.Unmarshal(data, &tree); err != nil {
			t.Fatal(err)
		}
		if got, want := countKeys(t, data), keysIn(tree); got != want {
			t.Errorf("%q has %d keys, of which %d are distinct", data, got, want)
		}
		object, ok := tree.(map[string]any)
		if !ok {
			return
		}
		layers, _ := object["layers"].([]any)
		if len(layers) != len(strict.Layers) {
			t.Fatalf("%q has %d layers, but Unmarshal reads %d", data, len(layers), len(strict.Layers))
		}
		for i, layer := range layers {
			layer, _ := layer.(map[string]any)
			if d, _ := layer["digest"].(string); d != strict.Layers[i].Digest {
				t.Errorf("%q: layer %d is %q, but Unmarshal reads %q", data, i, d, strict.Layers[i].Digest)
			}
		}
		if os, _ := object["os"].(string); os != strict.OS {
			t.Errorf("%q: os is %q, but Unmarshal reads %q", data, os, strict.OS)
		}
	})
}

// countKeys counts the keys of a document by its tokens.
func countKeys(t *testing.T, data []byte) (n int) {
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	var inObject []bool // for each open object or list
	isKey := false
	for decoder.More() || len(inObject) > 0 {
		token, err := decoder.Token()
		if err != nil {
			t.Fatal(err)
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			inObject = append(inObject, token == json.Delim('{'))
			isKey = token == json.Delim('{')
			continue
		case json.Delim('}'), json.Delim(']'):
			inObject = inObject[:len(inObject)-1]
		default:
			if isKey {
				n++
				isKey = false
				continue
			}
		}
		isKey = len(inObject) > 0 && inObject[len(inObject)-1]
	}
	return n
}

// keysIn counts the keys of a document as encoding/json has read it.
func keysIn(value any) (n int) {
	switch value := value.(type) {
	case map[string]any:
		for _, member := range value {
			n += 1 + keysIn(member)
		}
	case []any:
		for _, element := range value {
			n += keysIn(element)
		}
	}
	return n
}
