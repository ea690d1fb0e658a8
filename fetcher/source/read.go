package source

import "fmt"

// Read returns the images that files of one kind name. Only compose files can be several:
// they are one project, in which each overrides those before it.
//
// Errors: *[Error], those of Open.
func (r Reader) Read(kind Kind, files ...string) (Result, error) {
	if kind == Compose {
		return r.readCompose(files)
	}
	if len(files) != 1 {
		return Result{}, &Error{files[0], 0, fmt.Errorf("only compose files can be joined, and this is one of kind %s", kind)}
	}
	open := r.openText
	if kind == Kubernetes {
		open = r.open
	}
	data, err := open(files[0], place{})
	if err != nil {
		return Result{}, err
	}
	switch kind {
	case Kubernetes:
		return readKubernetes(files[0], data)
	case Dockerfile:
		return readDockerfile(files[0], data)
	}
	return r.readQuadlet(files[0], data, 0)
}
