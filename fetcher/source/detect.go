package source

import (
	"errors"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

var (
	dockerfileName  = regexp.MustCompile(`(?i)^(dockerfile|containerfile)([.-].*)?$|\.(dockerfile|containerfile)$`)
	dockerfileStart = regexp.MustCompile(`(?i)^(FROM|ARG)\s`)
	sectionStart    = regexp.MustCompile(`^\[[A-Z][A-Za-z]*\]$`)
)

// quadletSuffixes are those of quadlet files that can name an image:
// https://docs.podman.io/en/v5.6.0/markdown/podman-systemd.unit.5.html
var quadletSuffixes = []string{".container", ".image", ".volume", ".build"}

// Detect returns the kind of a file, by its name or else by its content.
func Detect(path string, data []byte) (Kind, error) {
	name := filepath.Base(path)
	switch suffix := filepath.Ext(name); {
	case slices.Contains(quadletSuffixes, suffix):
		return Quadlet, nil
	case suffix == ".yaml", suffix == ".yml", suffix == ".json":
		return detectYAML(path, data)
	case dockerfileName.MatchString(name):
		return Dockerfile, nil
	}
	for line := range strings.Lines(strings.TrimPrefix(string(data), byteOrderMark)) {
		switch line = strings.TrimSpace(line); {
		case line == "" || line[0] == '#' || line[0] == ';':
			continue
		case dockerfileStart.MatchString(line):
			return Dockerfile, nil
		case sectionStart.MatchString(line):
			return Quadlet, nil
		}
		break
	}
	return detectYAML(path, data)
}

// detectYAML tells compose files and Kubernetes manifests apart, by the first document
// that is a mapping.
func detectYAML(path string, data []byte) (kind Kind, err error) {
	t := tree{file: path}
	t.documents(data, func(root *yaml.Node) bool {
		has := func(key string) bool { return t.find(root, key).value != nil }
		switch {
		case has("apiVersion"), has("kind"):
			kind = Kubernetes
		case has("services"), has("include"):
			kind = Compose
		}
		return kind == ""
	})
	switch {
	case t.err != nil:
		return "", t.err
	case kind == "":
		return "", &Error{path, 0, errors.New("neither a compose file (services:), a Kubernetes manifest (apiVersion:), a Dockerfile nor a quadlet file")}
	}
	return kind, nil
}
