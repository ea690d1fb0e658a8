package lock

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// fields converts nodes to Go values. It keeps the first mistake in err; values read
// after it are meaningless.
type fields struct{ err error }

func (f *fields) fail(n *node, where, format string, args ...any) {
	if f.err == nil {
		f.err = &FileError{Line: n.line, Where: where, Reason: fmt.Sprintf(format, args...)}
	}
}

// check records err, if any, as a mistake in n.
func (f *fields) check(n *node, where string, err error) {
	if err != nil {
		f.fail(n, where, "%v", err)
	}
}

// object reads an object with all required members and no others except the optional
// ones. It returns nil if f.err is set.
func (f *fields) object(n *node, where string, required, optional []string) object {
	o := f.anyObject(n, where)
	for _, name := range o.names() {
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
func (f *fields) anyObject(n *node, where string) object {
	o, ok := n.value.(object)
	if !ok {
		f.fail(n, where, "expected an object, {…}")
	}
	return o
}

func (f *fields) list(n *node, where string) []*node {
	list, ok := n.value.([]*node)
	if !ok {
		f.fail(n, where, "expected a list, […]")
	}
	return list
}

func (f *fields) text(n *node, where string) string {
	s, ok := n.value.(string)
	if !ok {
		f.fail(n, where, "expected a string")
	}
	return s
}

// number reads a non-negative integer.
func (f *fields) number(n *node, where string) int64 {
	text, _ := n.value.(json.Number)
	v, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || v < 0 {
		f.fail(n, where, "expected a non-negative integer")
	}
	return v
}

func (f *fields) truth(n *node, where string) bool {
	b, ok := n.value.(bool)
	if !ok {
		f.fail(n, where, "expected true or false")
	}
	return b
}
