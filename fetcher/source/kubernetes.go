package source

import (
	"errors"
	"fmt"
	"regexp"

	"go.yaml.in/yaml/v3"
)

// readKubernetes finds the images of pod specs, wherever in the documents they stand: in
// a Pod, in the template of a Deployment, in a List, in a custom resource. It also finds
// the images that operators start.
func readKubernetes(file string, data []byte) (Result, error) {
	notes, err := readRemarks(file, string(data), true)
	if err != nil {
		return Result{}, err
	}
	k := kubernetes{tree: tree{file: file}, notes: notes, taken: map[found]bool{}}
	k.documents(data, func(root *yaml.Node) bool {
		k.search(root, 0, false)
		return true
	})
	if k.err == nil {
		k.err = notes.unused()
	}
	if k.err != nil {
		return Result{}, k.err
	}
	return k.result, nil
}

// placeholder matches what ko, envsubst and others replace: ko://github.com/org/app,
// ${IMAGE}.
var placeholder = regexp.MustCompile(`^ko://|\$`)

type kubernetes struct {
	tree
	notes  *remarks
	result Result
	taken  map[found]bool // what is in result
}

// search finds the images below n, which stands in the spec of a resource or not.
func (k *kubernetes) search(n *yaml.Node, depth int, inSpec bool) {
	if n = target(n); n == nil || !k.step(n, depth) {
		return
	}
	if n.Kind != yaml.MappingNode {
		for _, child := range n.Content {
			k.search(child, depth+1, inSpec)
		}
		return
	}
	isResource := k.find(n, "apiVersion").value != nil && k.find(n, "kind").value != nil
	for i := 1; i < len(n.Content); i += 2 {
		key, child := n.Content[i-1], n.Content[i]
		k.members(key, child)
		if inSpec {
			k.add(k.custom(member{key, target(child)})...)
		}
		k.search(child, depth+1, inSpec || isResource && key.Value == "spec")
	}
}

// members takes the images of a member of a pod spec:
// https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.34/#podspec-v1-core
func (k *kubernetes) members(key, value *yaml.Node) {
	switch key.Value {
	case "containers", "initContainers", "ephemeralContainers":
		for _, container := range k.list(value) {
			k.take(k.find(container, "image"))
			k.add(k.started(container)...)
		}
	case "volumes":
		for _, volume := range k.list(value) {
			k.take(k.find(k.find(volume, "image").value, "reference"))
		}
	}
}

// take takes a member whose value is a reference.
func (k *kubernetes) take(image member) {
	if text, ok := k.scalar(image); ok && text != "" {
		k.add(foundIn(image, text))
	}
}

// add adds images to the result.
func (k *kubernetes) add(images ...found) {
	for _, i := range images {
		key := found{text: i.text, value: i.value}
		if k.err != nil || k.taken[key] {
			continue
		}
		k.taken[key] = true
		at := place{text: i.text, file: k.file, line: i.line}
		err := k.result.add(at, k.notes.at(i.line, i.beside))
		if e := (*Error)(nil); errors.As(err, &e) && placeholder.MatchString(i.text) {
			e.Err = fmt.Errorf("%w; if it is a template, %s", e.Err, rendered)
		}
		k.err = err
	}
}
