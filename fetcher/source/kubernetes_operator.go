package source

import (
	"regexp"
	"strings"

	"hocker/fetcher/reference"

	"go.yaml.in/yaml/v3"
)

// Operators start images that custom resources name, or their own arguments and
// variables. There is no standard for it, so what is found counts only if it is a whole
// reference.
var (
	// imageKey matches keys of custom resources: spec.image of a Prometheus,
	// spec.cephVersion.image of a CephCluster, spec.imageName of a PostgreSQL Cluster,
	// spec.proxyImage.
	imageKey = regexp.MustCompile(`^image(Name)?$|Image$`)
	// imageFlag matches arguments: --acme-http01-solver-image=quay.io/org/app:1, or
	// --engine-image with the reference in the next argument.
	imageFlag = regexp.MustCompile(`^--?[a-z0-9-]*image[a-z0-9-]*(?:=(.*))?$`)
	// registryFlag matches arguments whose value can only be a reference:
	// --prometheus-config-reloader=quay.io/org/app:v1, but not --page=example.org/a:80.
	registryFlag = regexp.MustCompile(`^--?[a-z0-9-]+=([a-z0-9-]+\.[^/]+/.*[:@].*[^0-9].*)$`)
	// imageVariable matches variables: RELATED_IMAGE_CONTROLLER, SHELL_IMAGE, and
	// STRIMZI_KAFKA_IMAGES, which has a line VERSION=REFERENCE for each.
	imageVariable = regexp.MustCompile(`(^|_)IMAGES?(_|$)`)
)

// found is a reference in the documents.
type found struct {
	text   string
	value  *yaml.Node // has the text
	line   int
	beside int // the line where a remark about it can be, too
}

func foundIn(m member, text string) found { return found{text, m.value, m.value.Line, m.key.Line} }

// custom returns the image of a member of a custom resource, if it is one: a reference, or
// a mapping that has one, as volumes do.
func (t *tree) custom(m member) []found {
	if !imageKey.MatchString(m.key.Value) {
		return nil
	}
	if m.value.Kind == yaml.MappingNode {
		if inner := t.find(m.value, "reference"); inner.value != nil {
			m = inner
		}
	}
	if text, _ := t.scalar(m); isWhole(text) {
		return []found{foundIn(m, text)}
	}
	return nil
}

// started returns the images in the arguments and the variables of a container.
func (t *tree) started(container *yaml.Node) []found {
	images := inArguments(t.list(t.find(container, "command").value))
	images = append(images, inArguments(t.list(t.find(container, "args").value))...)
	for _, variable := range t.list(t.find(container, "env").value) {
		if name, _ := t.scalar(t.find(variable, "name")); imageVariable.MatchString(name) {
			images = append(images, t.inLines(t.find(variable, "value"))...)
		}
	}
	return images
}

// inLines returns the images of a value that has one in each line, perhaps after a =.
func (t *tree) inLines(m member) (images []found) {
	text, _ := t.scalar(m)
	n := 0
	for line := range strings.Lines(text) {
		image := foundIn(m, strings.TrimSpace(line[strings.LastIndex(line, "=")+1:]))
		n++
		if m.value.Style == yaml.LiteralStyle {
			image.line += n
		}
		if isWhole(image.text) {
			images = append(images, image)
		}
	}
	return images
}

func inArguments(args []*yaml.Node) (images []found) {
	expected := false
	for _, arg := range args {
		if arg = target(arg); arg.Kind != yaml.ScalarNode {
			break
		}
		match := imageFlag.FindStringSubmatch(arg.Value)
		if match == nil {
			match = registryFlag.FindStringSubmatch(arg.Value)
		}
		switch {
		case match != nil && isWhole(match[1]):
			images = append(images, foundIn(member{arg, arg}, match[1]))
		case expected && isWhole(arg.Value):
			images = append(images, foundIn(member{arg, arg}, arg.Value))
		}
		expected = match != nil && match[1] == ""
	}
	return images
}

// isWhole reports whether text is a reference with a registry or a namespace, and with a
// tag or a digest.
func isWhole(text string) bool {
	_, tagged, _ := strings.Cut(text, "/")
	if !strings.ContainsAny(tagged, ":@") || strings.Contains(text, "://") {
		return false
	}
	_, err := reference.Parse(text)
	return err == nil
}
