package archive

import (
	"slices"

	"hocker/fetcher/reference"
)

// addImages adds the images and names of a docker-archive to those of the layout in the
// same tree. When Docker 26 saves several images by their IDs, index.json has only the
// first.
func addImages(layout, docker []Composition) []Composition {
	names := map[string]bool{}
	for _, c := range layout {
		names[familiarName(c.Reference)] = true
	}
	images := layout
	for _, c := range docker {
		if c.Reference != "" && names[familiarName(c.Reference)] {
			continue
		}
		same := slices.IndexFunc(layout, func(l Composition) bool { return l.Config.Digest == c.Config.Digest })
		switch {
		case same < 0:
			images = append(images, c)
		case images[same].Reference == "":
			images[same].Reference = c.Reference
		case c.Reference != "":
			named := images[same]
			named.Reference = c.Reference
			images = append(images, named)
		}
	}
	return images
}

// familiarName returns the short form of a name, so that names can be compared.
func familiarName(name string) string {
	ref, err := reference.Parse(name)
	if err != nil {
		return name
	}
	return ref.Familiar()
}
