package strictjson

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// KeyError reports a key that not every reader reads in the same way.
type KeyError struct {
	Line int    // from 1
	Path string // to the key: layers[0].digest; its end if it is long
	Want string // how the key must be written; empty if it is there twice
}

func (e *KeyError) Error() string {
	if e.Want == "" {
		return fmt.Sprintf("duplicate key %q", e.Path)
	}
	return fmt.Sprintf("key %q, expected %q", e.Path, e.Want)
}

// maxPath is the length of the longest path in an error. Hostile documents have longer
// ones.
const maxPath = 200

// inside adds the name of the value that has the key to the path of a *[KeyError].
func inside(name string, err error) error {
	e, ok := err.(*KeyError)
	if !ok {
		return err
	}
	if e.Path != "" && e.Path[0] != '[' {
		name += "."
	}
	if path := name + e.Path; len(path) > maxPath {
		e.Path = "…" + path[len(path)-maxPath:]
	} else {
		e.Path = path
	}
	return e
}

// reader reads the tokens of a valid document, and counts its lines.
type reader struct {
	*json.Decoder
	data []byte
	at   int64 // offset up to which lines are counted
	line int
}

// newReader returns a reader of a document. Whether it is valid must be known, since the
// tokens of a Decoder do not cover the grammar and the limit of its depth.
func newReader(data []byte) *reader {
	r := &reader{Decoder: json.NewDecoder(bytes.NewReader(data)), data: data, line: 1}
	r.UseNumber()
	return r
}

// token returns the next token, and counts the lines up to its end.
func (r *reader) token() (json.Token, error) {
	token, err := r.Token()
	end := r.InputOffset()
	r.line += bytes.Count(r.data[r.at:end], []byte("\n"))
	r.at = end
	return token, err
}

// members reads the rest of an object. member reads the value of each key.
//
// Errors: *[KeyError].
func (r *reader) members(member func(key string) error) error {
	seen := map[string]bool{}
	for r.More() {
		token, err := r.token()
		if err != nil {
			return err
		}
		key := token.(string)
		if seen[key] {
			return inside(key, &KeyError{Line: r.line})
		}
		seen[key] = true
		if err := member(key); err != nil {
			return inside(key, err)
		}
	}
	_, err := r.token() // the brace
	return err
}

// elements reads the rest of a list. element reads the next element.
func (r *reader) elements(element func() error) error {
	for i := 0; r.More(); i++ {
		if err := element(); err != nil {
			return inside(fmt.Sprintf("[%d]", i), err)
		}
	}
	_, err := r.token() // the bracket
	return err
}
