package source

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"hocker/fetcher/bytecount"

	"go.yaml.in/yaml/v3"
)

// composeReader reads the files of a compose project.
type composeReader struct {
	Reader
	files map[string]*composeFile
	// What has been read so far: bytes and marks of files, bytes of .env files, bytes of
	// texts with variables, and how often a file was included.
	bytes, marks, variables, together, included int
	// names are those of the services, in the order of the text.
	names    []string
	services map[string]*service
}

// The limits of a project: the bytes of its files together, and how often a file is
// included.
const (
	maxProject  = 2 * maxDocument
	maxIncluded = 1000
)

// open parses a file of the project, once. from is the place that names it.
func (p *composeReader) open(path string, from place) (*composeFile, error) {
	if f := p.files[path]; f != nil {
		return f, nil
	}
	data, err := p.Reader.open(path, from)
	if err != nil {
		return nil, err
	}
	p.bytes += len(data)
	p.marks += marks(data) + bytes.Count(data, []byte("\n"))
	switch {
	case p.bytes > maxProject:
		return nil, &Error{path, 0, fmt.Errorf("the files of the project are larger than %s together", bytecount.Format(maxProject))}
	case p.marks > maxMarks:
		return nil, &Error{path, 0, fmt.Errorf("the files of the project have more than %d values together", maxMarks)}
	}
	notes, err := readRemarks(path, string(data), true)
	if err != nil {
		return nil, err
	}
	f := &composeFile{tree: tree{file: path}, notes: notes, together: &p.together}
	f.tree.documents(data, func(root *yaml.Node) bool {
		if root.Kind != yaml.MappingNode && root.ShortTag() != "!!null" {
			f.fail(root.Line, "it is not a compose file, which begins with a key such as services:")
		}
		f.documents = append(f.documents, root)
		return f.err == nil
	})
	p.files[path] = f
	return f, f.err
}

// withFile returns the environment with the variables of a file beneath. The file need
// not exist.
func (p *composeReader) withFile(env environment, path string, from place) (environment, error) {
	data, err := p.openText(path, from)
	if errors.Is(err, fs.ErrNotExist) {
		return env, nil
	}
	if err != nil {
		return nil, err
	}
	if p.variables += len(data); p.variables > maxText {
		return nil, &Error{path, 0, fmt.Errorf("the files with variables are larger than %s together", bytecount.Format(maxText))}
	}
	values, err := parseEnv(path, string(data), env, &p.together)
	for _, name := range p.Secret {
		delete(values, name)
	}
	return env.with(values), err
}

// public is the environment without the secret variables.
func (p *composeReader) public(name string) (string, bool) {
	if slices.Contains(p.Secret, name) {
		return "", false
	}
	return p.Variable(name)
}

// maxExtended limits services that extend others, and files that include others.
const maxExtended = 50

// extended reads a service of a document, with what it extends.
func (p *composeReader) extended(f *composeFile, document *yaml.Node, name string, s scope, depth int) (service, error) {
	found := f.find(f.find(document, "services").value, name)
	switch {
	case f.err != nil:
		return service{}, f.err
	case found.value == nil:
		return service{}, &Error{f.file, 0, fmt.Errorf("it has no service %.100q, which another one extends", name)}
	case depth > maxExtended:
		return service{}, &Error{f.file, found.key.Line, fmt.Errorf("service %.100q extends itself", name)}
	}
	own := f.service(found.value, s.environment)
	extends := f.find(found.value, "extends")
	base := f.text(extends, s.environment).text
	in, at := f, place{}
	if extends.value != nil && extends.value.Kind == yaml.MappingNode {
		base, at = f.text(f.find(extends.value, "service"), s.environment).text, f.text(f.find(extends.value, "file"), s.environment)
	}
	file := f.path(at, s)
	if f.err != nil {
		return service{}, f.err
	}
	if base == "" {
		return own, nil
	}
	if file != "" {
		var err error
		if in, err = p.open(file, at); err != nil {
			return service{}, err
		}
		s.folder = filepath.Dir(in.file)
		if len(in.documents) == 0 {
			return service{}, &Error{in.file, 0, fmt.Errorf("it has no service %.100q, which another one extends", base)}
		}
		document = in.documents[0]
	}
	under, err := p.extended(in, document, base, s, depth+1)
	return under.overlay(own), err
}
