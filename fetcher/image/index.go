package image

import (
	"fmt"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// ParseIndex reads a Docker manifest list or an OCI index.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md
//
// Errors: *[KindMismatchError] for any other document, *[AmbiguousError], *[ValuesError].
func ParseIndex(data []byte) (ocispec.Index, error) {
	if kind, detail := identify(data); kind != KindIndex {
		return ocispec.Index{}, &KindMismatchError{Want: KindIndex, Got: kind, Detail: detail}
	}
	var index ocispec.Index
	err := Unmarshal("index", withoutBOM(data), &index)
	switch {
	case isRefused(err):
		return ocispec.Index{}, err
	case err != nil:
		return ocispec.Index{}, &KindMismatchError{Want: KindIndex, Got: KindOther, Detail: err.Error()}
	}
	for i, d := range index.Manifests {
		if err := checkDescriptor(fmt.Sprintf("manifests[%d]", i), d); err != nil {
			return ocispec.Index{}, err
		}
	}
	return index, nil
}

// IsIndex reports whether a descriptor says that it leads to another index.
func IsIndex(d ocispec.Descriptor) bool {
	return d.MediaType == ocispec.MediaTypeImageIndex || d.MediaType == MediaTypeDockerIndex
}

// IsAttestation reports whether an entry of an index is not an image but an
// attestation about one. Docker's BuildKit adds them.
// https://github.com/moby/buildkit/blob/v0.23.0/docs/attestations/attestation-storage.md
func IsAttestation(d ocispec.Descriptor) bool {
	if d.Annotations["vnd.docker.reference.type"] == "attestation-manifest" {
		return true
	}
	return d.Platform != nil && d.Platform.OS == "unknown" && d.Platform.Architecture == "unknown"
}

// mayBeImage reports whether an entry of an index can be an image's manifest.
// Entries of unknown types are ignored:
// https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md#image-index-property-descriptions
func mayBeImage(d ocispec.Descriptor) bool {
	switch {
	case IsAttestation(d):
		return false
	case d.MediaType == "", d.MediaType == ocispec.MediaTypeImageManifest, d.MediaType == MediaTypeDockerManifest:
		// An artifact that is listed beside the images is not fetched.
		return d.Platform != nil || d.ArtifactType == "" || d.ArtifactType == ocispec.MediaTypeImageConfig
	}
	// A schema 1 manifest may be chosen; the error then says what it is.
	return strings.HasPrefix(d.MediaType, "application/vnd.docker.distribution.manifest.v1+")
}
