package source

import (
	"fmt"
	"path/filepath"

	"go.yaml.in/yaml/v3"
)

// readCompose reads a compose project. Each file overrides those before it. Profiles do
// not matter: the images of all services are wanted.
func (r Reader) readCompose(files []string) (Result, error) {
	p := &composeReader{Reader: r, files: map[string]*composeFile{}, services: map[string]*service{}}
	env, err := environment(r.Variable).withFile(r.Open, filepath.Join(filepath.Dir(files[0]), ".env"))
	if err != nil {
		return Result{}, err
	}
	if err := p.project(files, env, 0); err != nil {
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

// project reads the files of a project, and those that they include.
func (p *composeReader) project(files []string, env environment, depth int) error {
	for _, path := range files {
		f, err := p.open(path)
		if err != nil {
			return err
		}
		if depth > maxExtended {
			return &Error{path, 0, fmt.Errorf("it includes itself")}
		}
		for _, document := range f.documents {
			if err := p.include(f, document, env, depth); err != nil {
				return err
			}
			if err := p.take(f, document, env); err != nil {
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
func (p *composeReader) take(f *composeFile, document *yaml.Node, env environment) error {
	services := f.find(document, "services").value
	for _, name := range f.keys(services) {
		if value := f.find(services, name).value; value != nil && value.Tag == "!reset" {
			p.services[name] = &service{}
			continue
		}
		s, err := p.extended(f, document, name, env, 0)
		if err != nil {
			return err
		}
		under := p.services[name]
		if under == nil {
			under = &service{}
			p.names = append(p.names, name)
		}
		s = under.overlay(s)
		p.services[name] = &s
	}
	return f.err
}

// include reads the files that a document includes. They have variables of their own.
func (p *composeReader) include(f *composeFile, document *yaml.Node, env environment, depth int) error {
	for _, element := range f.list(f.find(document, "include").value) {
		paths := f.paths(member{element, target(element)}, env)
		var folder string
		var files []string
		if target(element).Kind == yaml.MappingNode {
			paths = f.paths(f.find(element, "path"), env)
			folder = f.text(f.find(element, "project_directory"), env).text
			files = f.paths(f.find(element, "env_file"), env)
		}
		if f.err != nil {
			return f.err
		}
		if len(paths) == 0 {
			return &Error{f.file, element.Line, fmt.Errorf("the include names no file")}
		}
		if folder == "" {
			folder = filepath.Dir(paths[0])
		} else {
			folder = beside(f.file, folder)
		}
		if len(files) == 0 {
			files = []string{filepath.Join(folder, ".env")}
		}
		own, err := env, error(nil)
		for _, file := range files {
			if own, err = own.withFile(p.Open, file); err != nil {
				return err
			}
		}
		if err := p.project(paths, own, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// paths returns the files that a member names: one, or a list of them.
func (f *composeFile) paths(m member, env environment) []string {
	elements := f.list(m.value)
	if m.value != nil && m.value.Kind == yaml.ScalarNode {
		elements = []*yaml.Node{m.value}
	}
	var paths []string
	for _, element := range elements {
		if at := f.text(member{element, target(element)}, env); at.text != "" {
			paths = append(paths, beside(f.file, at.text))
		}
	}
	return paths
}
