package fetcher

import (
	"strings"

	"hocker/fetcher/image"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// acceptManifests is the Accept field of requests for manifests.
var acceptManifests = []string{strings.Join([]string{
	ocispec.MediaTypeImageManifest,
	image.MediaTypeDockerManifest,
	ocispec.MediaTypeImageIndex,
	image.MediaTypeDockerIndex,
}, ", ")}
