package signature

import (
	"context"
	"io"

	"hocker/fetcher/image"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Source is a registry, such as a *[hocker/fetcher.Client]. Its errors match those of
// package content.
type Source interface {
	Manifest(ctx context.Context, ref reference.Reference) (image.Manifest, error)
	Blob(ctx context.Context, repo reference.Repository, desc ocispec.Descriptor) (io.ReadCloser, error)
	// Referrers returns what refers to a digest, by the OCI's API for that.
	Referrers(ctx context.Context, repo reference.Repository, d digest.Digest) ([]ocispec.Descriptor, error)
}
