package lock

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"hocker/fetcher/internal/strictjson"
)

// fields converts nodes to Go values. It keeps the first mistake in err; values read
// after it are meaningless.
type fields struct{ err error }

func (f *fields) fail(n *strictjson.Node, where, format string, args ...any) {
	if f.err == nil {
		f.err = &FileError{Line: n.Line, Where: where, Reason: fmt.Sprintf(format, args...)}
	}
}

// check records err, if any, as a mistake in n.
func (f *fields) check(n *strictjson.Node, where string, err error) {
	if err != nil {
		f.fail(n, where, "%v", err)
	}
}

// object reads an object with all required members and no others except the optional
// ones. It returns nil if f.err is set.
func (f *fields) object(n *strictjson.Node, where string, required, optional []string) strictjson.Object {
	o := f.anyObject(n, where)
	for _, name := range o.Names() {
		if !slices.Contains(required, name) && !slices.Contains(optional, name) {
			f.fail(o[name], where, "unknown key %.100q, expected one of %q", name, append(slices.Clone(required), optional...))
		}
	}
	for _, name := range required {
		if o[name] == nil {
			f.fail(n, where, "missing %s", name)
		}
	}
	if f.err != nil {
		return nil
	}
	return o
}

// anyObject reads an object with any members.
func (f *fields) anyObject(n *strictjson.Node, where string) strictjson.Object {
	o, ok := n.Value.(strictjson.Object)
	if !ok {
		f.fail(n, where, "expected an object, {…}")
	}
	return o
}

func (f *fields) list(n *strictjson.Node, where string) []*strictjson.Node {
	list, ok := n.Value.([]*strictjson.Node)
	if !ok {
		f.fail(n, where, "expected a list, […]")
	}
	return list
}

func (f *fields) text(n *strictjson.Node, where string) string {
	s, ok := n.Value.(string)
	if !ok {
		f.fail(n, where, "expected a string")
	}
	return s
}

// texts reads a list of strings.
func (f *fields) texts(n *strictjson.Node, where string) []string {
	var texts []string
	for _, element := range f.list(n, where) {
		texts = append(texts, f.text(element, where))
	}
	return texts
}

// number reads a non-negative integer.
func (f *fields) number(n *strictjson.Node, where string) int64 {
	text, _ := n.Value.(json.Number)
	v, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || v < 0 {
		f.fail(n, where, "expected a non-negative integer")
	}
	return v
}

func (f *fields) truth(n *strictjson.Node, where string) bool {
	b, ok := n.Value.(bool)
	if !ok {
		f.fail(n, where, "expected true or false")
	}
	return b
}
