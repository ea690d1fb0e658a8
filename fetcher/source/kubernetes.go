package source

import (
	"strings"

	"hocker/fetcher/reference"

	"go.yaml.in/yaml/v3"
)

// readKubernetes finds the images of pod specs, wherever in the documents they stand: in
// a Pod, in the template of a Deployment, in a List, in a custom resource.
func readKubernetes(file string, data []byte) (Result, error) {
	notes, err := readRemarks(file, string(data), true)
	if err != nil {
		return Result{}, err
	}
	k := kubernetes{tree: tree{file: file}, notes: notes}
	k.documents(data, func(root *yaml.Node) bool {
		k.search(root, 0)
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

type kubernetes struct {
	tree
	notes  *remarks
	result Result
}

// search finds the images below n.
func (k *kubernetes) search(n *yaml.Node, depth int) {
	if n = target(n); n == nil || !k.step(n, depth) {
		return
	}
	k.resource(n)
	for i, child := range n.Content {
		if n.Kind != yaml.MappingNode {
			k.search(child, depth+1)
			continue
		}
		if i%2 == 1 {
			k.members(n.Content[i-1], child)
			k.search(child, depth+1)
		}
	}
}

// members takes the images of a member of a pod spec:
// https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.34/#podspec-v1-core
func (k *kubernetes) members(key, value *yaml.Node) {
	switch key.Value {
	case "containers", "initContainers", "ephemeralContainers":
		for _, container := range k.list(value) {
			k.take(k.find(container, "image"))
		}
	case "volumes":
		for _, volume := range k.list(value) {
			k.take(k.find(k.find(volume, "image").value, "reference"))
		}
	}
}

// resource takes spec.image of a resource, which operators such as Prometheus' have, if it
// is a whole reference. Elsewhere, image can mean anything.
func (k *kubernetes) resource(n *yaml.Node) {
	if n.Kind != yaml.MappingNode || k.find(n, "apiVersion").value == nil || k.find(n, "kind").value == nil {
		return
	}
	image := k.find(k.find(n, "spec").value, "image")
	text, _ := k.scalar(image)
	_, err := reference.Parse(text)
	if _, tagged, _ := strings.Cut(text, "/"); err == nil && strings.ContainsAny(tagged, ":@") && !strings.Contains(text, "://") {
		k.take(image)
	}
}

func (k *kubernetes) take(image member) {
	text, ok := k.scalar(image)
	if !ok || text == "" || k.err != nil {
		return
	}
	at := place{text: text, file: k.file, line: image.value.Line}
	if err := k.result.add(at, k.notes.at(image.value.Line, image.key.Line)); err != nil {
		k.err = err
	}
}
