package engine

import ocispec "github.com/opencontainers/image-spec/specs-go/v1"

// runs lists the architectures that processors of another one run as well.
var runs = map[string]string{"amd64": "386", "arm64": "arm"}

// foreignPlatform returns the platform of an engine if it does not run images for another
// one by itself, or "". Where one of them is not known, it is "" too.
func foreignPlatform(engine, image ocispec.Platform) string {
	if engine.OS == "" || engine.Architecture == "" || image.OS == "" || image.Architecture == "" {
		return ""
	}
	if image.OS == engine.OS && (image.Architecture == engine.Architecture || image.Architecture == runs[engine.Architecture]) {
		return ""
	}
	return engine.OS + "/" + engine.Architecture
}
