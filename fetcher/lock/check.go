package lock

import (
	"fmt"
	"regexp"

	"hocker/fetcher/image"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// mediaTypePattern and maxMediaType are the grammar of media types without
// parameters, of which each half may have 127 characters:
// https://www.rfc-editor.org/rfc/rfc6838#section-4.2
var mediaTypePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*$`)

const maxMediaType = 127 + 1 + 127

// checkDescriptor checks what every descriptor of a lock file keeps to. Old
// tools leave the media type out.
func checkDescriptor(d ocispec.Descriptor) error {
	if d.MediaType != "" && (len(d.MediaType) > maxMediaType || !mediaTypePattern.MatchString(d.MediaType)) {
		return fmt.Errorf("%.100q is no media type", d.MediaType)
	}
	return image.RequireSHA256(d)
}

// check makes sure that p is an image that can be fetched, whether a registry
// or a file says so.
func (p Platform) check() error {
	if t := p.Manifest.MediaType; t != ocispec.MediaTypeImageManifest && t != image.MediaTypeDockerManifest {
		return fmt.Errorf("mediaType %.100q is no image manifest's", t)
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
