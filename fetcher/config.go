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

// Config fetches an image config and returns it after it is verified.
//
// Errors: those of [Client.Blob].
func (c *Client) Config(ctx context.Context, repo reference.Repository, desc ocispec.Descriptor) ([]byte, error) {
	if desc.Size > image.MaxConfigSize {
		return nil, fmt.Errorf("config %s: %s is too large for an image config", desc.Digest, bytecount.Format(desc.Size))
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
		// The end was not reached, so the content is not verified.
		return nil, fmt.Errorf("config %s: it is larger than %s, the limit for an image config", desc.Digest, bytecount.Format(image.MaxConfigSize))
	}
	return data, nil
}
