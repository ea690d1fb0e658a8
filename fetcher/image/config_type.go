package image

import (
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// configType is what a config's media type says of it.
type configType int

const (
	imageConfig   configType = iota // it is an image's
	untypedConfig                   // nothing: only its content tells
	otherConfig                     // it is an artifact's
)

// untypedConfigs are the media types that images of old have for their configs,
// besides none at all: Docker 1.10 gave them the first one, registries and
// proxies the others. Docker takes all of these.
// https://github.com/moby/moby/blob/v28.0.0/distribution/pull_v2.go
var untypedConfigs = map[string]bool{
	"":                         true,
	"application/octet-stream": true,
	"application/json":         true,
	"text/html":                true,
	"text/plain":               true,
}

// configTypeOf tells an image's manifest from an artifact's, which says so by an
// artifactType or by a config of a type of its own.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidelines-for-artifact-usage
func configTypeOf(m ocispec.Manifest) configType {
	mediaType, _, _ := strings.Cut(m.Config.MediaType, ";") // a parameter, as of a charset
	switch {
	case mediaType == MediaTypeDockerConfig, mediaType == ocispec.MediaTypeImageConfig:
		return imageConfig
	case m.ArtifactType == "" && untypedConfigs[mediaType]:
		return untypedConfig
	}
	return otherConfig
}
