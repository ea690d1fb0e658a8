package lock

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// node is a value in a JSON document.
type node struct {
	line  int // its first line, from 1
	value any // object, []*node, string, json.Number, bool or nil
}

type object map[string]*node

// names returns the names of the members, in order.
func (o object) names() []string { return slices.Sorted(maps.Keys(o)) }

// parser parses a document into nodes. encoding/json alone would accept duplicate keys
// and keys in the wrong case, and would not tell the line of a mistake.
type parser struct {
	*json.Decoder
	data []byte
	at   int64 // offset up to which lines are counted
	line int
}

// byteOrderMark is the byte order mark of UTF-8. Some editors write it at the start of a
// file, where Nix ignores it.
const byteOrderMark = "\ufeff"

// parseDocument parses a JSON document.
//
// Errors: *[FileError] without a path.
func parseDocument(data []byte) (*node, error) {
	data = bytes.TrimPrefix(data, []byte(byteOrderMark))
	// Validate the document first: the tokens of a Decoder do not cover the grammar.
	var whole json.RawMessage
	if err := json.Unmarshal(data, &whole); err != nil {
		return nil, syntaxError(data, err)
	}
	p := &parser{Decoder: json.NewDecoder(bytes.NewReader(data)), data: data, line: 1}
	p.UseNumber()
	return p.next()
}

func syntaxError(data []byte, err error) error {
	var syntax *json.SyntaxError
	if len(bytes.TrimSpace(data)) == 0 || !errors.As(err, &syntax) {
		return &FileError{Reason: "the file is empty: remove it to start a new one"}
	}
	line := 1 + bytes.Count(data[:min(syntax.Offset, int64(len(data)))], []byte("\n"))
	if i := bytes.Index(data, []byte("<<<<<<< ")); i >= 0 {
		return &FileError{Line: 1 + bytes.Count(data[:i], []byte("\n")), Reason: "unresolved merge conflict: resolve it, or take either side and run `hocker lock update`"}
	}
	return &FileError{Line: line, Reason: "invalid JSON: " + err.Error()}
}

// token returns the next token, and counts the lines up to its end.
func (p *parser) token() (json.Token, error) {
	token, err := p.Token()
	end := p.InputOffset()
	p.line += bytes.Count(p.data[p.at:end], []byte("\n"))
	p.at = end
	return token, err
}

func (p *parser) next() (*node, error) {
	token, err := p.token()
	if err != nil {
		return nil, &FileError{Line: p.line, Reason: err.Error()}
	}
	n := &node{line: p.line, value: token}
	switch token {
	case json.Delim('{'):
		n.value, err = p.object()
	case json.Delim('['):
		n.value, err = p.list()
	}
	return n, err
}

func (p *parser) object() (object, error) {
	o := object{}
	for p.More() {
		key, err := p.token()
		if err != nil {
			return nil, &FileError{Line: p.line, Reason: err.Error()}
		}
		name, line := key.(string), p.line
		if _, twice := o[name]; twice {
			return nil, &FileError{Line: line, Reason: fmt.Sprintf("duplicate key %.100q", name)}
		}
		if o[name], err = p.next(); err != nil {
			return nil, err
		}
	}
	_, err := p.token() // the brace
	return o, err
}

func (p *parser) list() ([]*node, error) {
	list := []*node{}
	for p.More() {
		n, err := p.next()
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	_, err := p.token() // the bracket
	return list, err
}
