package source

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"

	"hocker/fetcher/bytecount"

	"go.yaml.in/yaml/v3"
)

// A small document with aliases can stand for an endless one. So the nodes that are
// visited are counted, as are those around each one.
const (
	maxSteps = 10_000_000
	maxDepth = 500
)

// tree looks into the documents of a YAML file. It keeps the first mistake in err; what
// is found after it is meaningless.
type tree struct {
	file  string
	steps int
	err   error

	mappings map[*yaml.Node]*mapping // those that were read
}

func (t *tree) fail(line int, format string, args ...any) {
	if t.err == nil {
		t.err = &Error{t.file, line, fmt.Errorf(format, args...)}
	}
}

// step counts a visit to n. It reports whether the search may go on.
func (t *tree) step(n *yaml.Node, depth int) bool {
	t.steps++
	switch {
	case t.steps > maxSteps:
		t.fail(n.Line, "the aliases make the document too large")
	case depth > maxDepth:
		t.fail(n.Line, "nested deeper than %d", maxDepth)
	}
	return t.err == nil
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// maxDocument and maxMarks limit a document: its bytes, and the lines and the characters
// in it that may begin a value, which takes a few hundred bytes. Kubernetes has a limit of
// 1.5 MiB for an object; large ones have 60,000 of those.
const (
	maxDocument = 2 << 20
	maxMarks    = 200_000
)

// marks counts the lines and the characters that may begin a value.
func marks(line []byte) int {
	n := 1
	for _, c := range line {
		switch c {
		case ',', ':', '-', '[', '{', '?':
			n++
		}
	}
	return n
}

// oversized returns why a document in data is too large, or "".
func oversized(data []byte) string {
	size, values := 0, 0
	for line := range bytes.Lines(data) {
		if isSeparator(line) {
			size, values = 0, 0
		}
		size += len(line)
		values += marks(line)
		switch {
		case size > maxDocument:
			return "a document is larger than " + bytecount.Format(maxDocument)
		case values > maxMarks:
			return fmt.Sprintf("a document has more than %d values", maxMarks)
		}
	}
	return ""
}

// isSeparator reports whether a line begins a document.
func isSeparator(line []byte) bool {
	rest, ok := bytes.CutPrefix(line, []byte("---"))
	return ok && (len(rest) == 0 || bytes.ContainsAny(rest[:1], " \t\r\n"))
}

// documents calls each with the content of every document in a YAML file, until it
// returns false.
func (t *tree) documents(data []byte, each func(root *yaml.Node) bool) {
	if reason := oversized(data); reason != "" {
		t.fail(0, "%s", reason)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for t.err == nil {
		t.mappings = nil // those of the document before, which is let go
		var document yaml.Node
		err := decoder.Decode(&document)
		switch {
		case errors.Is(err, io.EOF):
			return
		case err != nil && bytes.Contains(data, []byte("{{")):
			line, reason := syntax(err)
			t.fail(line, "invalid YAML: %.200s; if it is a template, %s", reason, rendered)
			return
		case err != nil:
			line, reason := syntax(err)
			t.fail(cmp.Or(line, oddLine(data)), "invalid YAML: %.200s", reason)
			return
		}
		if len(document.Content) == 1 && !each(document.Content[0]) {
			return
		}
	}
}

// syntax returns the line and the reason of an error of the YAML library.
func syntax(err error) (line int, reason string) {
	reason = err.Error()
	if match := yamlLine.FindStringSubmatch(reason); match != nil {
		line, _ = strconv.Atoi(match[1])
		reason = reason[len(match[0]):]
	}
	return line, reason
}

// target returns the node itself, or the one that it is an alias of.
func target(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// member is a member of a mapping: its key and its value, which is no alias.
type member struct{ key, value *yaml.Node }

// scalar returns the value of a member as a text, and "" if it is null.
func (t *tree) scalar(m member) (text string, ok bool) {
	switch {
	case m.value == nil:
		return "", false
	case m.value.Kind == yaml.MappingNode && len(m.value.Content) > 0 && m.value.Content[0].Kind == yaml.MappingNode:
		t.fail(m.value.Line, "%.100s: {{ begins a template, which is not understood: %s", m.key.Value, rendered)
		return "", false
	case m.value.Kind != yaml.ScalarNode:
		return "", false
	case m.value.ShortTag() == "!!null":
		return "", true
	}
	return m.value.Value, true
}

// rendered is the way out for a template.
const rendered = "give what it makes, as in `helm template … | hocker lock add --from -`"

// mapping is what a mapping has.
type mapping struct {
	members map[string]member
	twice   map[string]int // the line where a key stands again
	keys    []string       // in the order of the text
	merged  []*yaml.Node   // the values of merge keys, as in <<: *name
}

// mapping reads a mapping, once. It returns nil for anything else.
func (t *tree) mapping(n *yaml.Node, depth int) *mapping {
	n = target(n)
	if n == nil || n.Kind != yaml.MappingNode || !t.step(n, depth) {
		return nil
	}
	if m := t.mappings[n]; m != nil {
		return m
	}
	t.steps += len(n.Content)
	m := &mapping{members: map[string]member{}, twice: map[string]int{}}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, value := n.Content[i], target(n.Content[i+1])
		_, known := m.members[k.Value]
		switch {
		case k.Kind != yaml.ScalarNode:
		case k.Tag == "!!merge":
			m.merged = append(m.merged, value)
		case known:
			m.twice[k.Value] = k.Line
		default:
			m.members[k.Value] = member{k, value}
			m.keys = append(m.keys, k.Value)
		}
	}
	if t.mappings == nil {
		t.mappings = map[*yaml.Node]*mapping{}
	}
	t.mappings[n] = m
	return m
}

// find returns the member of a mapping with a key, or one with a nil value. A mapping
// that is merged in has it too.
func (t *tree) find(n *yaml.Node, key string) member { return t.findDeep(n, key, 0) }

func (t *tree) findDeep(n *yaml.Node, key string, depth int) member {
	m := t.mapping(n, depth)
	if m == nil {
		return member{}
	}
	if line := m.twice[key]; line > 0 {
		t.fail(line, "%.100s stands twice, first in line %d", key, m.members[key].key.Line)
	}
	if found, ok := m.members[key]; ok {
		return found
	}
	for _, value := range m.merged {
		if found := t.findMerged(value, key, depth+1); found.value != nil {
			return found
		}
	}
	return member{}
}

// findMerged finds a member in the value of a merge key: a mapping, or a list of them.
func (t *tree) findMerged(n *yaml.Node, key string, depth int) member {
	if n == nil || n.Kind != yaml.SequenceNode {
		return t.findDeep(n, key, depth)
	}
	for _, element := range t.list(n) {
		if found := t.findDeep(element, key, depth); found.value != nil {
			return found
		}
	}
	return member{}
}

// list returns the elements of a list, and none for anything else.
func (t *tree) list(n *yaml.Node) []*yaml.Node {
	if n = target(n); n == nil || n.Kind != yaml.SequenceNode || !t.step(n, 0) {
		return nil
	}
	t.steps += len(n.Content)
	return n.Content
}

// keys returns the keys of a mapping, in the order of the text, and those of mappings
// that are merged in.
func (t *tree) keys(n *yaml.Node) []string { return t.keysDeep(n, 0) }

func (t *tree) keysDeep(n *yaml.Node, depth int) []string {
	m := t.mapping(n, depth)
	if m == nil {
		return nil
	}
	keys := slices.Clone(m.keys)
	for _, value := range m.merged {
		elements := t.list(value)
		if value.Kind == yaml.MappingNode {
			elements = []*yaml.Node{value}
		}
		for _, element := range elements {
			more := t.keysDeep(element, depth+1)
			t.steps += len(more)
			keys = append(keys, more...)
		}
	}
	return keys
}
