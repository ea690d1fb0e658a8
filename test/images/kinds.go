package images

import (
	"strings"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// nestedIndex writes an index of two indexes, one for each architecture.
func nestedIndex(l *layout, s Spec) (v1.Descriptor, error) {
	both, err := gzippedImage.both(l, s)
	if err != nil {
		return v1.Descriptor{}, err
	}
	var inner []v1.Descriptor
	for _, entry := range both {
		d, err := l.index(entry)
		if err != nil {
			return v1.Descriptor{}, err
		}
		inner = append(inner, d)
	}
	return l.index(inner...)
}

// attestedIndex writes an index as Docker's build tool does: an attestation
// for each image.
// https://github.com/moby/buildkit/blob/v0.23.0/docs/attestations/attestation-storage.md
func attestedIndex(l *layout, s Spec) (v1.Descriptor, error) {
	entries, err := gzippedImage.both(l, s)
	if err != nil {
		return v1.Descriptor{}, err
	}
	for _, subject := range entries {
		d, err := attestation(l, subject)
		if err != nil {
			return v1.Descriptor{}, err
		}
		entries = append(entries, d)
	}
	return l.index(entries...)
}

// attestationAlone writes an attestation as attestedIndex adds it to an image.
func attestationAlone(l *layout, s Spec) (v1.Descriptor, error) {
	subject, err := gzippedImage.native(l, s)
	if err != nil {
		return v1.Descriptor{}, err
	}
	return attestation(l, subject)
}

// attestation writes an attestation of an image. It looks like an image itself: it
// has an image's config, and its layer is JSON.
func attestation(l *layout, subject v1.Descriptor) (v1.Descriptor, error) {
	statement := map[string]any{
		"_type":         "https://in-toto.io/Statement/v0.1",
		"predicateType": "https://slsa.dev/provenance/v0.2",
		"subject":       []any{map[string]any{"digest": map[string]string{"sha256": subject.Digest.Encoded()}}},
		"predicate":     map[string]any{},
	}
	layer, err := l.json("application/vnd.in-toto+json", statement)
	if err != nil {
		return v1.Descriptor{}, err
	}
	layer.Annotations = map[string]string{"in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"}
	platform := v1.Platform{OS: "unknown", Architecture: "unknown"}
	config, err := l.json(v1.MediaTypeImageConfig, v1.Image{
		Platform: platform,
		RootFS:   v1.RootFS{Type: "layers", DiffIDs: []digest.Digest{layer.Digest}},
	})
	if err != nil {
		return v1.Descriptor{}, err
	}
	d, err := l.manifest(v1.Manifest{Config: config, Layers: []v1.Descriptor{layer}})
	d.Platform = &platform
	d.Annotations = map[string]string{
		"vnd.docker.reference.type":   "attestation-manifest",
		"vnd.docker.reference.digest": subject.Digest.String(),
	}
	return d, err
}

// chart writes an artifact as before OCI 1.1: the media type of the config is the type
// of the artifact.
func chart(l *layout, _ Spec) (v1.Descriptor, error) {
	config, err := l.json("application/vnd.cncf.helm.config.v1+json", map[string]string{"name": "demo", "version": "1"})
	if err != nil {
		return v1.Descriptor{}, err
	}
	content, err := l.json("application/vnd.cncf.helm.chart.content.v1.tar+gzip", "a chart")
	if err != nil {
		return v1.Descriptor{}, err
	}
	return l.manifest(v1.Manifest{Config: config, Layers: []v1.Descriptor{content}})
}

// artifact writes an artifact as OCI 1.1 specifies it.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidelines-for-artifact-usage
func artifact(l *layout, _ Spec) (v1.Descriptor, error) {
	config, err := l.json(v1.MediaTypeEmptyJSON, struct{}{})
	if err != nil {
		return v1.Descriptor{}, err
	}
	content, err := l.json("application/spdx+json", "a list of parts")
	if err != nil {
		return v1.Descriptor{}, err
	}
	return l.manifest(v1.Manifest{
		ArtifactType: "application/spdx+json",
		Config:       config,
		Layers:       []v1.Descriptor{content},
	})
}

// withdrawnArtifact writes an artifact manifest, which was in the drafts of OCI 1.1 and
// is still in some registries.
// https://github.com/opencontainers/image-spec/blob/v1.1.0-rc2/artifact.md
func withdrawnArtifact(l *layout, _ Spec) (v1.Descriptor, error) {
	const mediaType = "application/vnd.oci.artifact.manifest.v1+json"
	content, err := l.json("application/spdx+json", "a list of parts")
	if err != nil {
		return v1.Descriptor{}, err
	}
	return l.json(mediaType, map[string]any{
		"mediaType":    mediaType,
		"artifactType": "application/spdx+json",
		"blobs":        []v1.Descriptor{content},
	})
}

// hugeManifest writes an image with an annotation that makes its manifest larger
// than the 4 MiB that registries must accept.
func hugeManifest(l *layout, s Spec) (v1.Descriptor, error) {
	platform, err := gzippedImage.native(l, s)
	if err != nil {
		return v1.Descriptor{}, err
	}
	var manifest v1.Manifest
	if err := readBlob(l.dir, platform.Digest, &manifest); err != nil {
		return v1.Descriptor{}, err
	}
	manifest.Annotations = map[string]string{"padding": strings.Repeat("x", 4<<20)}
	return l.manifest(manifest)
}
