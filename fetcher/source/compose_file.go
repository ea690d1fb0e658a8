package source

import (
	"cmp"
	"path/filepath"
	"regexp"

	"go.yaml.in/yaml/v3"
)

// composeFile is one file of a compose project.
type composeFile struct {
	tree
	notes     *remarks
	documents []*yaml.Node
	together  *int // of the project
}

// environment is where the variables of a compose project come from.
type environment func(name string) (string, bool)

// scope is what the paths and variables of a file mean: relative to which folder, and in
// which environment. All files of a project have the folder of its first one.
type scope struct {
	folder      string
	environment environment
}

// path returns a path that a file names.
func (s scope) path(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(s.folder, path)
}

// isRemote matches what docker compose fetches: git repositories and OCI artifacts.
var isRemote = regexp.MustCompile(`^[a-z]+://|^git@`).MatchString

// path returns the path of a file that another one names at a place, or "".
func (f *composeFile) path(at place, s scope) string {
	switch {
	case at.text == "":
		return ""
	case isRemote(at.text):
		f.fail(at.line, "%.100q is not on this machine: give the whole project, as in `docker compose config | hocker lock add --from -`", at.text)
		return ""
	}
	return s.path(at.text)
}

// with returns the environment with more variables beneath.
func (e environment) with(values map[string]string) environment {
	return func(name string) (string, bool) {
		if value, ok := e(name); ok {
			return value, true
		}
		value, ok := values[name]
		return value, ok
	}
}

// service is what image names need of a service.
type service struct {
	image  place
	note   remark
	built  place  // empty unless it has build
	policy string // pull_policy
	mounts []mount
}

// mount is an image that is mounted as a volume.
type mount struct {
	place
	note remark
}

// overlay returns the service with what another one sets.
func (s service) overlay(o service) service {
	if o.image.file != "" {
		s.image, s.note = o.image, o.note
	}
	if o.built.file != "" {
		s.built = o.built
	}
	s.policy = cmp.Or(o.policy, s.policy)
	s.mounts = append(s.mounts[:len(s.mounts):len(s.mounts)], o.mounts...)
	return s
}

// text returns the value of a member with its variables replaced, and where it stands.
func (f *composeFile) text(m member, env environment) place {
	text, ok := f.scalar(m)
	if !ok {
		return place{}
	}
	at := place{file: f.file, line: m.value.Line}
	v := variables{lookup: env, escape: '$', together: f.together}
	var err error
	if at.text, err = v.expand(text); err != nil {
		f.fail(at.line, "%.200q: %w", text, err)
	}
	at.unset = v.unset
	return at
}

// image reads the member of a service or a volume that is a reference.
func (f *composeFile) image(m member, env environment) (place, remark) {
	if m.value == nil {
		return place{}, remark{}
	}
	note := f.notes.at(m.value.Line, m.key.Line)
	if note.skip {
		return place{text: m.value.Value, file: f.file, line: m.value.Line}, note
	}
	at := f.text(m, env)
	if m.value.Tag == "!reset" {
		at.text = ""
	}
	return at, note
}

// service reads a service of a document, without what it extends.
func (f *composeFile) service(n *yaml.Node, env environment) service {
	var s service
	s.image, s.note = f.image(f.find(n, "image"), env)
	if build := f.find(n, "build"); build.value != nil && build.value.Tag != "!reset" && build.value.ShortTag() != "!!null" {
		s.built = place{file: f.file, line: build.key.Line}
	}
	s.policy = f.text(f.find(n, "pull_policy"), env).text
	for _, volume := range f.list(f.find(n, "volumes").value) {
		if kind, _ := f.scalar(f.find(volume, "type")); kind == "image" {
			at, note := f.image(f.find(volume, "source"), env)
			s.mounts = append(s.mounts, mount{at, note})
		}
	}
	return s
}
