package signature

import (
	"fmt"
	"slices"

	"hocker/fetcher/internal/strictjson"
)

// policyReader converts the nodes of a policy. It keeps the first mistake in err.
type policyReader struct{ err error }

func (r *policyReader) fail(n *strictjson.Node, where, format string, args ...any) {
	if r.err == nil {
		if where != "" {
			where += ": "
		}
		r.err = fmt.Errorf("line %d: %s%s", n.Line, where, fmt.Sprintf(format, args...))
	}
}

func (r *policyReader) anyObject(n *strictjson.Node, where string) strictjson.Object {
	o, ok := n.Value.(strictjson.Object)
	if !ok {
		r.fail(n, where, "expected an object, {…}")
	}
	return o
}

// object reads an object that has no keys but those.
func (r *policyReader) object(n *strictjson.Node, where string, keys ...string) strictjson.Object {
	o := r.anyObject(n, where)
	for _, key := range o.Names() {
		if !slices.Contains(keys, key) {
			r.fail(o[key], where, "unknown key %.100q, expected one of %q", key, keys)
		}
	}
	return o
}

func (r *policyReader) list(n *strictjson.Node, where string) []*strictjson.Node {
	list, ok := n.Value.([]*strictjson.Node)
	if !ok || len(list) == 0 {
		r.fail(n, where, "expected a list that is not empty, […]")
	}
	return list
}

func (r *policyReader) text(n *strictjson.Node, where string) string {
	s, ok := n.Value.(string)
	if !ok || s == "" {
		r.fail(n, where, "expected a string that is not empty")
	}
	return s
}
