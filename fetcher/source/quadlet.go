package source

import (
	"errors"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
)

// localTransport matches images that podman takes from this machine, by a path or an ID:
// https://docs.podman.io/en/v5.6.0/markdown/podman-pull.1.html#source
var localTransport = regexp.MustCompile(`^(/|(containers-storage|dir|docker-archive|docker-daemon|oci|oci-archive|sha256):|[0-9a-f]{64}$)`)

// readQuadlet finds the image of a quadlet file and its drop-ins: Image= of a container, an
// image or a volume. It may name the quadlet file of an image beside it.
func (r Reader) readQuadlet(file string, data []byte, depth int) (Result, error) {
	u := unit{path: file, section: imageSections[filepath.Ext(file)]}
	if err := u.read(file, data); err != nil {
		return Result{}, err
	}
	if err := r.readDropIns(&u); err != nil {
		return Result{}, err
	}
	var result Result
	image := u.image
	switch suffix := filepath.Ext(image.text); {
	case u.build.file != "":
		result.skip(u.build, "it is built: give its Containerfile for the images that it is built from")
	case u.kube.text != "":
		result.skip(u.kube, "%.100s is a Kubernetes manifest: give that file", u.kube.text)
	case image.text == "":
	case suffix == ".build":
		result.skip(image, "%.100s is built: give its Containerfile for the images that it is built from", image.text)
	case suffix == ".image":
		return r.readImageUnit(u, depth)
	case strings.HasPrefix(image.text, "localhost/"):
		result.skip(image, "%.100s is built on this machine", image.text)
	case localTransport.MatchString(image.text):
		result.skip(image, "%.200s is in no registry", image.text)
	case strings.Contains(image.text, "%") && !u.note.skip:
		return Result{}, image.errorf("%.100q: specifiers of systemd are not understood", image.text)
	default:
		if err := result.add(image, u.note); err != nil {
			return Result{}, err
		}
	}
	return result, nil
}

// readImageUnit reads the quadlet file of an image beside the one that names it.
func (r Reader) readImageUnit(u unit, depth int) (Result, error) {
	image := u.image
	path := filepath.Join(filepath.Dir(u.path), filepath.Base(image.text))
	if depth > 0 {
		return Result{}, image.errorf("%.100s is named by another .image file", image.text)
	}
	data, err := r.openText(path, image)
	if errors.Is(err, fs.ErrNotExist) {
		return Result{}, image.errorf("%.100s does not exist beside %s", image.text, filepath.Base(u.path))
	}
	if err != nil {
		return Result{}, err
	}
	return r.readQuadlet(path, data, depth+1)
}
