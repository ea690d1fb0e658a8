package nix

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// Attributes are the attributes of a derivation as Nix passes them to its
// builder: in environment variables, or with __structuredAttrs in a JSON file.
// The variables that impureEnvVars names are in the environment in both cases.
type Attributes struct {
	getenv func(string) string
	values map[string]json.RawMessage // nil if they are in the environment
}

// ReadAttributes reads a builder's attributes, given its environment.
// https://nix.dev/manual/nix/2.34/language/advanced-attributes#adv-attr-structuredAttrs
func ReadAttributes(getenv func(string) string) (Attributes, error) {
	file := getenv("NIX_ATTRS_JSON_FILE")
	if file == "" {
		return Attributes{getenv: getenv}, nil
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		// Older versions of Nix give the file's path outside of the sandbox:
		// https://github.com/NixOS/nix/issues/6736
		data, err = os.ReadFile(filepath.Join(getenv("NIX_BUILD_TOP"), ".attrs.json"))
	}
	if err != nil {
		return Attributes{}, fmt.Errorf("structured attributes: %w", err)
	}
	a := Attributes{getenv: getenv, values: map[string]json.RawMessage{}}
	if err := json.Unmarshal(data, &a.values); err != nil {
		return Attributes{}, fmt.Errorf("structured attributes: %s: %w", file, err)
	}
	return a, nil
}

// String returns an attribute by name. A missing or null attribute is the empty
// string.
func (a Attributes) String(name string) (string, error) {
	if a.values == nil {
		return a.getenv(name), nil
	}
	return stringValue(name, a.values[name])
}

// Strings returns an attribute that may be a list. A string is a list of one
// element. An empty, missing or null attribute is an empty list.
func (a Attributes) Strings(name string) ([]string, error) {
	if valueKind(a.values[name]) != "a list" {
		value, err := a.String(name)
		if value == "" || err != nil {
			return nil, err
		}
		return []string{value}, nil
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(a.values[name], &elements); err != nil {
		return nil, fmt.Errorf("attribute %s: %w", name, err)
	}
	texts := make([]string, len(elements))
	for i, element := range elements {
		var err error
		if texts[i], err = stringValue(fmt.Sprintf("%s[%d]", name, i), element); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

// Bytes returns a number of bytes. A missing attribute is 0. In the environment it is
// decimal.
func (a Attributes) Bytes(name string) (n int64, err error) {
	text := a.getenv(name)
	if a.values != nil {
		text = string(a.values[name])
	}
	if text == "" || text == "null" {
		return 0, nil
	}
	if n, err = strconv.ParseInt(text, 10, 64); err != nil || n < 0 {
		return 0, fmt.Errorf("attribute %s is %.40q, expected a number of bytes", name, text)
	}
	return n, nil
}

// Out returns the path of the derivation's output.
func (a Attributes) Out() (string, error) {
	if a.values == nil {
		return a.getenv("out"), nil
	}
	var outputs map[string]json.RawMessage
	if err := json.Unmarshal(a.values["outputs"], &outputs); err != nil {
		return "", fmt.Errorf("attribute outputs: %w", err)
	}
	return stringValue("outputs.out", outputs["out"])
}

// Text returns an attribute that may be long. It comes from a file if
// passAsFile names it. With structured attributes, a list or set is returned as
// JSON. A missing attribute is empty.
func (a Attributes) Text(name string) ([]byte, error) {
	if a.values != nil {
		value := a.values[name]
		if kind := valueKind(value); kind == "a set" || kind == "a list" {
			return value, nil
		}
		text, err := stringValue(name, value)
		return []byte(text), err
	}
	path := a.getenv(name + "Path")
	if path == "" {
		return []byte(a.getenv(name)), nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("attribute %s: %w", name, err)
	}
	return text, nil
}

// stringValue reads a string. A missing value and null are the empty string.
func stringValue(name string, value json.RawMessage) (text string, err error) {
	switch kind := valueKind(value); kind {
	case "", "null":
		return "", nil
	case "a string":
		err = json.Unmarshal(value, &text)
		return text, err
	default:
		return "", fmt.Errorf("attribute %s is %s, expected a string", name, kind)
	}
}

// valueKind returns the type of a JSON value in Nix's words, or "" if there is
// no value.
func valueKind(value json.RawMessage) string {
	if len(value) == 0 {
		return ""
	}
	switch value[0] {
	case '"':
		return "a string"
	case '[':
		return "a list"
	case '{':
		return "a set"
	case 't', 'f':
		return "a Boolean"
	case 'n':
		return "null"
	}
	return "a number"
}
