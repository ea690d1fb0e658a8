package fetcher

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"hocker/fetcher/image"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// getForeign returns the response of the first of the layer's URLs that succeeds.
// It sends no credential. The content is verified as for any blob.
func (c *Client) getForeign(ctx context.Context, desc ocispec.Descriptor, r request) (resp *http.Response, err error) {
	if !c.Foreign {
		return nil, &image.ForeignError{Digest: desc.Digest, URLs: desc.URLs}
	}
	for _, url := range desc.URLs {
		if !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") {
			err = fmt.Errorf("foreign layer: %.100q is not an http or https URL", url)
			continue
		}
		r.url = url
		if resp, err = c.sendAnonymous(ctx, r); err == nil {
			return resp, nil
		}
	}
	return nil, err
}
