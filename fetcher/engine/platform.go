package engine

import ocispec "github.com/opencontainers/image-spec/specs-go/v1"

// runs maps an architecture to another one that its processors also run.
var runs = map[string]string{"amd64": "386", "arm64": "arm"}

// foreignPlatform returns the platform of an engine if it cannot run images for image
// without emulation, or "". If either platform is unknown, it returns "" too.
func foreignPlatform(engine, image ocispec.Platform) string {
	if engine.OS == "" || engine.Architecture == "" || image.OS == "" || image.Architecture == "" {
		return ""
	}
	if image.OS == engine.OS && (image.Architecture == engine.Architecture || image.Architecture == runs[engine.Architecture]) {
		return ""
	}
	return engine.OS + "/" + engine.Architecture
}
