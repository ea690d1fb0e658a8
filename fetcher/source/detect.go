package source

import (
	"errors"
	"fmt"
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

// generators are the commands that make manifests of files with these names, which name
// images in their own ways.
var generators = map[string]string{
	"kustomization.yaml": "kustomize build",
	"kustomization.yml":  "kustomize build",
	"Kustomization":      "kustomize build",
	"Chart.yaml":         "helm template …",
	"values.yaml":        "helm template …",
}

// Detect returns the kind of a file, by its name or else by its content.
//
// Errors: *[Error].
func Detect(path string, data []byte) (Kind, error) {
	data, err := decode(path, data)
	if err != nil {
		return "", err
	}
	name := filepath.Base(path)
	if command := generators[name]; command != "" {
		return "", &Error{path, 0, fmt.Errorf("%s makes manifests of this file: give those, as in `%s | hocker lock add --from -`", strings.Fields(command)[0], command)}
	}
	switch suffix := filepath.Ext(name); {
	case suffix == ".conf" && isDropIns(filepath.Base(filepath.Dir(path))):
		return "", &Error{path, 0, errors.New("it is a drop-in: give the quadlet file that it is for, with which it is read")}
	case slices.Contains(quadletSuffixes, suffix):
		return Quadlet, nil
	case suffix == ".yaml", suffix == ".yml", suffix == ".json":
		return detectYAML(path, data)
	case dockerfileName.MatchString(name):
		return Dockerfile, nil
	}
	for line := range strings.Lines(string(data)) {
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

// isDropIns reports whether a folder is for the drop-ins of quadlet files.
func isDropIns(folder string) bool {
	unit, ok := strings.CutSuffix("."+folder, ".d")
	return ok && slices.Contains(quadletSuffixes, filepath.Ext(unit))
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
