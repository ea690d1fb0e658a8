package image

import (
	"fmt"
	"strings"

	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// ParseManifest parses an image manifest, Docker schema 2 or OCI. It checks
// what an image needs: a config that may be an image's, and layers, each with a
// digest and a size. The layers of an image without any are an empty list, not
// nil.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md
//
// Errors: *[KindMismatchError] for any other document, *[AmbiguousError], *[ValuesError].
func ParseManifest(data []byte) (ocispec.Manifest, error) {
	if kind, detail := identify(data); kind != KindManifest {
		return ocispec.Manifest{}, &KindMismatchError{Want: KindManifest, Got: kind, Detail: detail}
	}
	var m ocispec.Manifest
	err := Unmarshal("manifest", withoutBOM(data), &m)
	switch {
	case isRefused(err):
		return ocispec.Manifest{}, err
	case err != nil:
		return ocispec.Manifest{}, &KindMismatchError{Want: KindManifest, Got: KindOther, Detail: err.Error()}
	}
	if err := CheckManifest(m); err != nil {
		return ocispec.Manifest{}, err
	}
	if m.Layers == nil {
		m.Layers = []ocispec.Descriptor{}
	}
	return m, nil
}

// CheckManifest makes the same checks as [ParseManifest].
//
// Errors: *[KindMismatchError] if it is an artifact's.
func CheckManifest(m ocispec.Manifest) error {
	if err := checkDescriptor("config", m.Config); err != nil {
		return err
	}
	if configTypeOf(m) == otherConfig {
		return &KindMismatchError{Want: KindManifest, Got: KindArtifact,
			Detail: artifactDetail(m)}
	}
	for i, layer := range m.Layers {
		if err := checkDescriptor(fmt.Sprintf("layers[%d]", i), layer); err != nil {
			return err
		}
		if !isImageLayer(layer.MediaType) {
			return &KindMismatchError{Want: KindManifest, Got: KindArtifact,
				Detail: fmt.Sprintf("it has a layer of type %.100q", layer.MediaType)}
		}
	}
	return nil
}

// artifactDetail says by what an artifact is known.
func artifactDetail(m ocispec.Manifest) string {
	if m.ArtifactType != "" {
		return fmt.Sprintf("its artifactType is %.100q", m.ArtifactType)
	}
	return fmt.Sprintf("its config is of type %.100q", m.Config.MediaType)
}

// isImageLayer distinguishes layers from the content of artifacts and
// attestations. Every media type of a layer, Docker's or the OCI's, names its
// tar archive.
func isImageLayer(mediaType string) bool {
	return mediaType == "" || strings.Contains(mediaType, ".tar")
}

func checkDescriptor(name string, d ocispec.Descriptor) error {
	if d.Digest == "" {
		return fmt.Errorf("the manifest has no %s.digest", name)
	}
	if _, err := reference.ParseDigest(string(d.Digest)); err != nil {
		return fmt.Errorf("the manifest's %s: %w", name, err)
	}
	if d.Size < 0 {
		return fmt.Errorf("the manifest's %s has a size of %d bytes", name, d.Size)
	}
	return nil
}

// RequireSHA256 returns an error unless all digests are sha256. The derivations
// of the Nix functions and the archives of engines use no other.
func RequireSHA256(descriptors ...ocispec.Descriptor) error {
	for _, d := range descriptors {
		if d.Digest.Algorithm() != digest.SHA256 {
			return fmt.Errorf("digest %.40s… uses %s, expected sha256", d.Digest, d.Digest.Algorithm())
		}
	}
	return nil
}
