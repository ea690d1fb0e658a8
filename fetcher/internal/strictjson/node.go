package strictjson

import (
	"encoding/json"
	"maps"
	"slices"
)

// Node is a value in a document.
type Node struct {
	Line  int // its first line, from 1
	Value any // Object, []*Node, string, json.Number, bool or nil
}

// Object is the value of a node that is an object.
type Object map[string]*Node

// Names returns the names of the members, in order.
func (o Object) Names() []string { return slices.Sorted(maps.Keys(o)) }

// Parse parses a document into nodes.
//
// Errors: *[json.SyntaxError], *[KeyError].
func Parse(data []byte) (*Node, error) {
	if err := json.Unmarshal(data, new(validated)); err != nil {
		return nil, err
	}
	return newReader(data).node()
}

// validated is any document. Unmarshal validates it first, and nothing is kept of it.
type validated struct{}

func (*validated) UnmarshalJSON([]byte) error { return nil }

func (r *reader) node() (*Node, error) {
	token, err := r.token()
	if err != nil {
		return nil, err
	}
	n := &Node{Line: r.line, Value: token}
	switch token {
	case json.Delim('{'):
		o := Object{}
		n.Value = o
		err = r.members(func(key string) (err error) {
			o[key], err = r.node()
			return err
		})
	case json.Delim('['):
		list := []*Node{}
		err = r.elements(func() error {
			element, err := r.node()
			list = append(list, element)
			return err
		})
		n.Value = list
	}
	return n, err
}
