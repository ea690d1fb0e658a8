package image

import (
	"cmp"
	"context"
	"fmt"

	"hocker/fetcher/reference"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Source is where manifests and configs come from, such as a
// *[hocker/fetcher.Client]. The error for a document that does not exist
// matches [content.ErrNotFound].
type Source interface {
	Manifest(ctx context.Context, ref reference.Reference) (Manifest, error)
	Config(ctx context.Context, repo reference.Repository, desc ocispec.Descriptor) ([]byte, error)
}

// Resolved is an image manifest, as bytes and parsed.
type Resolved struct {
	Manifest
	Image ocispec.Manifest
	// Index is the index that the reference names, from which the manifest was chosen;
	// the zero value if the reference names the manifest.
	Index Manifest
	// Platform is the platform that an index states for the image, or nil.
	Platform *ocispec.Platform

	config []byte // its bytes, once fetched
}

// OwnMediaType returns the media type that the manifest states, else the one
// that the registry states.
func (r *Resolved) OwnMediaType() string {
	return cmp.Or(r.Image.MediaType, r.MediaType, ocispec.MediaTypeImageManifest)
}

// ReadConfig returns the image's config. It fetches the config only once.
//
// Errors: those of the source.
func (r *Resolved) ReadConfig(ctx context.Context, source Source, repo reference.Repository) ([]byte, error) {
	if r.config != nil {
		return r.config, nil
	}
	data, err := source.Config(ctx, repo, r.Image.Config)
	if err != nil {
		return nil, err
	}
	r.config = data
	return data, nil
}

// CheckConfig reads the image's config and returns an error unless it belongs
// to an image with these layers.
//
// Errors: those of the source, *[KindMismatchError] if only the config can say
// whether this is an image.
func (r *Resolved) CheckConfig(ctx context.Context, source Source, repo reference.Repository) (Config, error) {
	data, err := r.ReadConfig(ctx, source, repo)
	if err != nil {
		return Config{}, err
	}
	config, err := ParseConfig(data)
	switch {
	case err != nil && configTypeOf(r.Image) == untypedConfig && !isRefused(err):
		return Config{}, &KindMismatchError{Want: KindManifest, Got: KindArtifact,
			Detail: fmt.Sprintf("its config, of type %.100q: %v", r.Image.Config.MediaType, err)}
	case err != nil:
		return Config{}, fmt.Errorf("config %s: %w", r.Image.Config.Digest, err)
	}
	return config, config.CheckLayers(len(r.Image.Layers))
}
