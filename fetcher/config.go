package fetcher

import (
	"context"
	"errors"
	"fmt"
	"io"

	"hocker/fetcher/reference"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Config fetches an image config and returns it after it is verified. Wrong content is
// fetched again, as by [Client.FetchBlob].
//
// Errors: those of [Client.Blob].
func (c *Client) Config(ctx context.Context, repo reference.Repository, desc ocispec.Descriptor) ([]byte, error) {
	if !isConfig(desc) {
		desc.MediaType = ocispec.MediaTypeImageConfig // for its limit
	}
	for attempts := 2; ; {
		data, mirrored, err := c.config(ctx, repo, desc)
		if err == nil {
			return data, nil
		}
		if !mirrored {
			attempts--
		}
		if attempts == 0 || !isWrong(err, 0) {
			return nil, err
		}
		var failed *FetchError
		if errors.As(err, &failed) && c.Notice != nil {
			c.Notice(fmt.Sprintf("%s: %v, fetching it again", contentName(desc), failed.Err))
		}
	}
}

// config makes one attempt. It reports whether a mirror has sent wrong content.
func (c *Client) config(ctx context.Context, repo reference.Repository, desc ocispec.Descriptor) (data []byte, mirrored bool, err error) {
	body, err := c.blob(ctx, repo, desc)
	if err != nil {
		return nil, false, blobError(repo, desc.Digest, err)
	}
	defer body.Close()
	data, err = io.ReadAll(body)
	if err != nil {
		return nil, body.mirrored, err
	}
	return data, false, nil
}
