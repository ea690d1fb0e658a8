package lock

import (
	"fmt"
	"regexp"

	"hocker/fetcher/image"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// mediaTypePattern and maxMediaType define media types without parameters. Type and
// subtype may have 127 characters each:
// https://www.rfc-editor.org/rfc/rfc6838#section-4.2
var mediaTypePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*$`)

const maxMediaType = 127 + 1 + 127

// checkDescriptor validates a descriptor of a lock file. Old tools omit the media type.
func checkDescriptor(d ocispec.Descriptor) error {
	if d.MediaType != "" && (len(d.MediaType) > maxMediaType || !mediaTypePattern.MatchString(d.MediaType)) {
		return fmt.Errorf("%.100q is not a media type", d.MediaType)
	}
	return image.RequireSHA256(d)
}

// check validates a platform from a registry or a file.
func (p Platform) check() error {
	if t := p.Manifest.MediaType; t != ocispec.MediaTypeImageManifest && t != image.MediaTypeDockerManifest {
		return fmt.Errorf("mediaType %.100q is not that of an image manifest", t)
	}
	for _, d := range append([]ocispec.Descriptor{p.Manifest, p.Config}, p.Layers...) {
		if err := checkDescriptor(d); err != nil {
			return err
		}
	}
	if err := image.CheckManifest(ocispec.Manifest{Config: p.Config, Layers: p.Layers}); err != nil {
		return err
	}
	return image.RequirePlain(p.Layers)
}
