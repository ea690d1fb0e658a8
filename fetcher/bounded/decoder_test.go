package bounded

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
)

// repeated is text without end.
type repeated string

func (r repeated) Read(p []byte) (int, error) {
	n := 0
	for n+len(r) <= len(p) {
		n += copy(p[n:], r)
	}
	return n, nil
}

// A stream of small values has no end; a value has one.
func TestDecoder(t *testing.T) {
	const limit = 64 << 10
	d := NewDecoder(repeated(`{"a": "b"}`+"\n"), limit, "a line")
	for range limit {
		var line struct{ A string }
		if err := d.Decode(&line); err != nil || line.A != "b" {
			t.Fatal(line, err)
		}
	}
	for name, stream := range map[string]io.Reader{
		"text":   io.MultiReader(strings.NewReader(`"`), repeated("a")),
		"array":  io.MultiReader(strings.NewReader("["), repeated("1, ")),
		"spaces": repeated("  "),
	} {
		var value any
		if err := NewDecoder(stream, limit, "a line").Decode(&value); !errors.As(err, new(*TooLargeError)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	d = NewDecoder(strings.NewReader("[1, 2]"), limit, "a line")
	if token, err := d.Token(); token != json.Delim('[') || err != nil || !d.More() {
		t.Error(token, err)
	}
}
