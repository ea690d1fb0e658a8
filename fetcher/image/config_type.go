package image

import (
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// configType is what a config's media type says about it.
type configType int

const (
	imageConfig   configType = iota // an image's config
	untypedConfig                   // unknown: only its content tells
	otherConfig                     // an artifact's config
)

// untypedConfigs are the media types that old images have for their configs, or
// "" for none. Docker 1.10 wrote application/octet-stream; the others come from
// registries and proxies. Docker accepts them all.
// https://github.com/moby/moby/blob/v28.0.0/distribution/pull_v2.go
var untypedConfigs = map[string]bool{
	"":                         true,
	"application/octet-stream": true,
	"application/json":         true,
	"text/html":                true,
	"text/plain":               true,
}

// configTypeOf distinguishes an image's manifest from an artifact's, which has
// an artifactType or a config of another type.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidelines-for-artifact-usage
func configTypeOf(m ocispec.Manifest) configType {
	mediaType, _, _ := strings.Cut(m.Config.MediaType, ";") // drop parameters such as charset
	switch {
	case mediaType == MediaTypeDockerConfig, mediaType == ocispec.MediaTypeImageConfig:
		return imageConfig
	case m.ArtifactType == "" && untypedConfigs[mediaType]:
		return untypedConfig
	}
	return otherConfig
}
