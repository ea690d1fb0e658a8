package fetcher

import (
	"context"
	"io"

	"hocker/fetcher/image"
	"hocker/fetcher/reference"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Signatures is a client that asks for signatures, which may stand in several places or in
// none. So it gives no notice of a mirror that does not have one.
type Signatures struct{ *Client }

// Manifest is [Client.Manifest].
func (s Signatures) Manifest(ctx context.Context, ref reference.Reference) (image.Manifest, error) {
	return s.fromCandidates(ctx, ref, s.manifest, true)
}

// Blob is [Client.Blob].
func (s Signatures) Blob(ctx context.Context, repo reference.Repository, desc ocispec.Descriptor) (io.ReadCloser, error) {
	source, err := s.newBlobSource(repo, desc)
	if err != nil {
		return nil, blobError(repo, desc.Digest, err)
	}
	source.mayLack = true
	body, err := s.read(ctx, source)
	if err != nil {
		return nil, blobError(repo, desc.Digest, err)
	}
	return body, nil
}
