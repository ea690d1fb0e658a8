package fetcher

import (
	"context"
	"fmt"
	"io"

	"hocker/fetcher/bytecount"
	"hocker/fetcher/image"
	"hocker/fetcher/reference"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Config fetches an image's config whole, so that nothing of it is used before
// all of it was verified.
//
// Errors: those of [Client.Blob].
func (c *Client) Config(ctx context.Context, repo reference.Repository, desc ocispec.Descriptor) ([]byte, error) {
	if desc.Size > image.MaxConfigSize {
		return nil, fmt.Errorf("config %s: %s is too much for an image config", desc.Digest, bytecount.Format(desc.Size))
	}
	body, err := c.Blob(ctx, repo, desc)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, image.MaxConfigSize+1))
	if err != nil {
		return nil, err
	}
	if len(data) > image.MaxConfigSize {
		// What was read is not the end, and so was not verified.
		return nil, fmt.Errorf("config %s: it is larger than %s, which is too much for an image config", desc.Digest, bytecount.Format(image.MaxConfigSize))
	}
	return data, nil
}
