package source

import (
	"path/filepath"

	"go.yaml.in/yaml/v3"
)

// readCompose reads a compose project. Each file overrides those before it. Profiles do
// not matter: the images of all services are wanted.
func (r Reader) readCompose(files []string) (Result, error) {
	p := &composeReader{Reader: r, files: map[string]*composeFile{}, services: map[string]*service{}}
	s := scope{folder: filepath.Dir(files[0])}
	var err error
	if s.environment, err = p.withFile(p.public, s.path(".env"), place{}); err != nil {
		return Result{}, err
	}
	if err := p.project(files, s, place{}, 0); err != nil {
		return Result{}, err
	}
	var result Result
	for _, name := range p.names {
		if err := result.addService(name, *p.services[name]); err != nil {
			return Result{}, err
		}
	}
	return result, nil
}

// addService adds the images of a service. If it has image and build, docker compose
// pulls the image if a registry has it.
func (r *Result) addService(name string, s service) error {
	switch {
	case s.image.text == "" && s.built.file != "":
		r.skip(s.built, "service %.100q is built: give its Dockerfile for the images that it is built from", name)
	case s.built.file != "" && s.policy == "build":
		r.skip(s.image, "service %.100q is built, as its pull_policy says", name)
	case s.image.text != "":
		if err := r.add(s.image, s.note); err != nil {
			return err
		}
	case len(s.image.unset) > 0:
		return s.image.errorf("the image of service %.100q is empty", name)
	}
	for _, m := range s.mounts {
		if err := r.add(m.place, m.note); err != nil {
			return err
		}
	}
	return nil
}

// project reads the files of a project, and those that they include. from is the place
// that names them.
func (p *composeReader) project(files []string, s scope, from place, depth int) error {
	for _, path := range files {
		f, err := p.open(path, from)
		if err != nil {
			return err
		}
		for _, document := range f.documents {
			if err := p.include(f, document, s, depth); err != nil {
				return err
			}
			if err := p.take(f, document, s); err != nil {
				return err
			}
		}
		if err := f.notes.unused(); err != nil {
			return err
		}
	}
	return nil
}

// take takes the services of a document.
func (p *composeReader) take(f *composeFile, document *yaml.Node, s scope) error {
	services := f.find(document, "services").value
	for _, name := range f.keys(services) {
		under := p.services[name]
		if under == nil {
			under = &service{}
			p.services[name] = under
			p.names = append(p.names, name)
		}
		value := f.find(services, name).value
		if value != nil && (value.Tag == "!reset" || value.Tag == "!override") {
			*under = service{}
		}
		if value != nil && value.Tag == "!reset" {
			continue
		}
		over, err := p.extended(f, document, name, s, 0)
		if err != nil {
			return err
		}
		*under = under.overlay(over)
	}
	return f.err
}

// include reads the files that a document includes. They have variables of their own.
func (p *composeReader) include(f *composeFile, document *yaml.Node, s scope, depth int) error {
	for _, element := range f.list(f.find(document, "include").value) {
		from := place{file: f.file, line: element.Line}
		i := f.inclusion(element, s)
		p.included += len(i.paths)
		switch {
		case f.err != nil:
			return f.err
		case len(i.paths) == 0:
			return from.errorf("the include names no file")
		case depth >= maxExtended:
			return from.errorf("%.200s includes itself", f.file)
		case p.included > maxIncluded:
			return from.errorf("more than %d files are included", maxIncluded)
		}
		own := scope{i.folder, s.environment}
		for _, file := range i.environments {
			var err error
			if own.environment, err = p.withFile(own.environment, file, from); err != nil {
				return err
			}
		}
		if err := p.project(i.paths, own, from, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// inclusion is an element of include: the files of a project, its folder and its .env
// files.
type inclusion struct {
	paths        []string
	folder       string
	environments []string
}

// inclusion reads an element of include: a path, or a mapping.
func (f *composeFile) inclusion(element *yaml.Node, s scope) inclusion {
	i := inclusion{paths: f.paths(member{element, target(element)}, s)}
	if target(element).Kind == yaml.MappingNode {
		i.paths = f.paths(f.find(element, "path"), s)
		i.folder = f.path(f.text(f.find(element, "project_directory"), s.environment), s)
		i.environments = f.paths(f.find(element, "env_file"), s)
	}
	if i.folder == "" && len(i.paths) > 0 {
		i.folder = filepath.Dir(i.paths[0])
	}
	if len(i.environments) == 0 {
		i.environments = []string{filepath.Join(i.folder, ".env")}
	}
	return i
}

// paths returns the files that a member names: one, or a list of them.
func (f *composeFile) paths(m member, s scope) []string {
	elements := f.list(m.value)
	if m.value != nil && m.value.Kind == yaml.ScalarNode {
		elements = []*yaml.Node{m.value}
	}
	var paths []string
	for _, element := range elements {
		if path := f.path(f.text(member{element, target(element)}, s.environment), s); path != "" {
			paths = append(paths, path)
		}
	}
	return paths
}
