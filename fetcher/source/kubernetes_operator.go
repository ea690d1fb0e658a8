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
	// imageVariable matches variables: RELATED_IMAGE_CONTROLLER, SHELL_IMAGE.
	imageVariable = regexp.MustCompile(`(^|_)IMAGE(_|$)`)
)

// custom takes a member of a custom resource.
func (k *kubernetes) custom(m member) {
	if !imageKey.MatchString(m.key.Value) {
		return
	}
	if text, _ := k.scalar(m); isWhole(text) {
		k.add(text, m.value, m.key)
	}
}

// operator takes the images in the arguments and the variables of a container.
func (k *kubernetes) operator(container *yaml.Node) {
	for _, key := range []string{"command", "args"} {
		k.arguments(k.list(k.find(container, key).value))
	}
	for _, variable := range k.list(k.find(container, "env").value) {
		name, _ := k.scalar(k.find(variable, "name"))
		value := k.find(variable, "value")
		if text, _ := k.scalar(value); imageVariable.MatchString(name) && isWhole(text) {
			k.add(text, value.value, value.key)
		}
	}
}

func (k *kubernetes) arguments(args []*yaml.Node) {
	expected := false
	for _, arg := range args {
		if arg = target(arg); arg.Kind != yaml.ScalarNode {
			return
		}
		match := imageFlag.FindStringSubmatch(arg.Value)
		if match == nil {
			match = registryFlag.FindStringSubmatch(arg.Value)
		}
		switch {
		case match != nil && isWhole(match[1]):
			k.add(match[1], arg, arg)
		case expected && isWhole(arg.Value):
			k.add(arg.Value, arg, arg)
		}
		expected = match != nil && match[1] == ""
	}
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
