package fetcher

import (
	"context"
	"io"

	"hocker/fetcher/reference"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Config fetches an image config and returns it after it is verified.
//
// Errors: those of [Client.Blob].
func (c *Client) Config(ctx context.Context, repo reference.Repository, desc ocispec.Descriptor) ([]byte, error) {
	if !isConfig(desc) {
		desc.MediaType = ocispec.MediaTypeImageConfig // for its limit
	}
	body, err := c.Blob(ctx, repo, desc)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(body)
}
