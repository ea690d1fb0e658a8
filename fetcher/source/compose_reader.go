package source

import (
	"fmt"
	"path/filepath"

	"hocker/fetcher/bytecount"

	"go.yaml.in/yaml/v3"
)

// composeReader reads the files of a compose project.
type composeReader struct {
	Reader
	files map[string]*composeFile
	bytes int
	// names are those of the services, in the order of the text.
	names    []string
	services map[string]*service
}

// maxProject limits the files of a project together, in bytes.
const maxProject = 2 * maxDocument

// open parses a file of the project, once.
func (p *composeReader) open(path string) (*composeFile, error) {
	if f := p.files[path]; f != nil {
		return f, nil
	}
	data, err := p.Open(path)
	if err != nil {
		return nil, err
	}
	if p.bytes += len(data); p.bytes > maxProject {
		return nil, &Error{path, 0, fmt.Errorf("the files of the project are larger than %s together", bytecount.Format(maxProject))}
	}
	notes, err := readRemarks(path, string(data), true)
	if err != nil {
		return nil, err
	}
	f := &composeFile{tree: tree{file: path}, notes: notes}
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
	in, file := f, ""
	if extends.value != nil && extends.value.Kind == yaml.MappingNode {
		base, file = f.text(f.find(extends.value, "service"), s.environment).text, f.text(f.find(extends.value, "file"), s.environment).text
	}
	if f.err != nil {
		return service{}, f.err
	}
	if base == "" {
		return own, nil
	}
	if file != "" {
		var err error
		if in, err = p.open(s.path(file)); err != nil {
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
