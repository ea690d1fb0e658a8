package image

import "github.com/opencontainers/go-digest"

// The media types of Docker's manifests and configs, which precede those of OCI:
// https://distribution.github.io/distribution/spec/manifest-v2-2/
const (
	MediaTypeDockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
	MediaTypeDockerIndex    = "application/vnd.docker.distribution.manifest.list.v2+json"
	MediaTypeDockerConfig   = "application/vnd.docker.container.image.v1+json"
)

// Manifest is a manifest or index as the registry serves it.
type Manifest struct {
	MediaType string        // as the registry states it; not checked
	Digest    digest.Digest // of Bytes
	Bytes     []byte
}
