package image

import (
	"encoding/json"
	"fmt"
	"strings"

	"hocker/fetcher"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// ParseIndex reads a Docker manifest list or an OCI index.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md
//
// Errors: *[KindMismatchError] for any other document.
func ParseIndex(data []byte) (ocispec.Index, error) {
	if kind, detail := identify(data); kind != KindIndex {
		return ocispec.Index{}, &KindMismatchError{Want: KindIndex, Got: kind, Detail: detail}
	}
	var index ocispec.Index
	if err := json.Unmarshal(withoutBOM(data), &index); err != nil {
		return ocispec.Index{}, &KindMismatchError{Want: KindIndex, Got: KindOther, Detail: err.Error()}
	}
	for i, d := range index.Manifests {
		if err := checkDescriptor(fmt.Sprintf("manifests[%d]", i), d); err != nil {
			return ocispec.Index{}, err
		}
	}
	return index, nil
}

// isIndex reports whether a descriptor says that it leads to another index.
func isIndex(d ocispec.Descriptor) bool {
	return d.MediaType == ocispec.MediaTypeImageIndex || d.MediaType == fetcher.MediaTypeDockerIndex
}

// IsAttestation reports whether an entry of an index is no image but a
// statement on one, as Docker's build tool adds them.
// https://github.com/moby/buildkit/blob/v0.23.0/docs/attestations/attestation-storage.md
func IsAttestation(d ocispec.Descriptor) bool {
	if d.Annotations["vnd.docker.reference.type"] == "attestation-manifest" {
		return true
	}
	return d.Platform != nil && d.Platform.OS == "unknown" && d.Platform.Architecture == "unknown"
}

// NoPlatformError is an index that has no image for a platform.
type NoPlatformError struct {
	Want ocispec.Platform
	Have []ocispec.Platform
}

func (e *NoPlatformError) Error() string {
	names := make([]string, len(e.Have))
	for i, p := range e.Have {
		names[i] = FormatPlatform(p)
	}
	if len(names) == 0 {
		return fmt.Sprintf("no image for %s: the index has none at all", FormatPlatform(e.Want))
	}
	return fmt.Sprintf("no image for %s: the index has %s", FormatPlatform(e.Want), strings.Join(names, ", "))
}

// Choose returns the entry that fits best to a machine of platform want: the
// first one of its very variant, else of the newest variant that it runs. A
// single entry that names no platform fits everywhere.
//
// Errors: *[NoPlatformError].
func Choose(manifests []ocispec.Descriptor, want ocispec.Platform) (ocispec.Descriptor, error) {
	var (
		best     ocispec.Descriptor
		bestRank = -1
		have     []ocispec.Platform
		unnamed  []ocispec.Descriptor
	)
	for _, d := range manifests {
		switch {
		case IsAttestation(d):
			continue
		case d.Platform == nil:
			unnamed = append(unnamed, d)
			continue
		}
		have = append(have, *d.Platform)
		rank := runsOn(*d.Platform, want)
		if rank >= 0 && (bestRank < 0 || rank < bestRank) {
			best, bestRank = d, rank
		}
	}
	if bestRank < 0 && len(have) == 0 && len(unnamed) == 1 {
		return unnamed[0], nil
	}
	if bestRank < 0 {
		return ocispec.Descriptor{}, &NoPlatformError{Want: want, Have: have}
	}
	return best, nil
}
