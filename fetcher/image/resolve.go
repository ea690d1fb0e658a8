package image

import (
	"context"
	"fmt"

	"hocker/fetcher/reference"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Resolve fetches the manifest that ref names or, if that is an index, the
// manifest in it that best fits a platform: this machine's if platform is nil.
// If no index states an image's platform, its config must be for platform; if
// platform is nil, any such image will do.
//
// Errors: those of the source, *[KindMismatchError], *[NoPlatformError],
// *[WrongPlatformError].
func Resolve(ctx context.Context, source Source, ref reference.Reference, platform *ocispec.Platform) (Resolved, error) {
	m, err := source.Manifest(ctx, ref)
	if err != nil {
		return Resolved{}, err
	}
	if Identify(m.Bytes) != KindIndex {
		return resolveSingle(ctx, source, ref, m, platform)
	}
	want := DefaultPlatform()
	if platform != nil {
		want = *platform
	}
	chosen, err := Choose(ctx, source, ref.Repository, m, want)
	if err != nil {
		return Resolved{}, fmt.Errorf("%s: %w", ref.Familiar(), err)
	}
	index := m
	at := reference.Reference{Repository: ref.Repository, Digest: chosen.Digest}
	if m, err = source.Manifest(ctx, at); err != nil {
		return Resolved{}, err
	}
	var r Resolved
	if chosen.Platform == nil {
		r, err = resolveSingle(ctx, source, at, m, platform)
	} else {
		r, err = ReadManifest(ctx, source, at, m)
	}
	r.Index, r.Platform = index, chosen.Platform
	return r, err
}

// resolveSingle reads the manifest of an image whose platform no index states.
func resolveSingle(ctx context.Context, source Source, ref reference.Reference, m Manifest, platform *ocispec.Platform) (Resolved, error) {
	r, err := ReadManifest(ctx, source, ref, m)
	if err != nil || platform == nil {
		return r, err
	}
	config, err := r.CheckConfig(ctx, source, ref.Repository)
	if err == nil {
		err = config.CheckPlatform(*platform)
	}
	if err != nil {
		return Resolved{}, fmt.Errorf("%s: %w", ref.Familiar(), err)
	}
	return r, nil
}

// ReadManifest parses the manifest of an image, which ref names. If the
// manifest does not say whether it is an image's, the config decides.
//
// Errors: those of the source, *[KindMismatchError].
func ReadManifest(ctx context.Context, source Source, ref reference.Reference, m Manifest) (Resolved, error) {
	parsed, err := ParseManifest(m.Bytes)
	if err != nil {
		return Resolved{}, fmt.Errorf("manifest of %s: %w", ref.Familiar(), err)
	}
	r := Resolved{Manifest: m, Image: parsed}
	if configTypeOf(parsed) == untypedConfig {
		if _, err := r.CheckConfig(ctx, source, ref.Repository); err != nil {
			return Resolved{}, fmt.Errorf("manifest of %s: %w", ref.Familiar(), err)
		}
	}
	return r, nil
}

// Platforms returns the images that ref names, each with its platform, in the
// order of the index and without attestations. A manifest without an index is
// the only image.
//
// Errors: those of the source, *[KindMismatchError].
func Platforms(ctx context.Context, source Source, ref reference.Reference) ([]ocispec.Descriptor, error) {
	m, err := source.Manifest(ctx, ref)
	if err != nil {
		return nil, err
	}
	if Identify(m.Bytes) == KindIndex {
		images, err := Images(ctx, source, ref.Repository, m)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", ref.Familiar(), err)
		}
		return images, nil
	}
	r, err := ReadManifest(ctx, source, ref, m)
	if err != nil {
		return nil, err
	}
	config, err := r.CheckConfig(ctx, source, ref.Repository)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ref.Familiar(), err)
	}
	return []ocispec.Descriptor{{MediaType: r.OwnMediaType(), Digest: m.Digest, Size: int64(len(m.Bytes)), Platform: config.stated()}}, nil
}
