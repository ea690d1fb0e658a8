package fetcher

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// ForeignError is a layer that its registry does not hold by design, because
// only its owner may hand it out.
type ForeignError struct {
	Digest digest.Digest
	URLs   []string
}

func (e *ForeignError) Error() string {
	return fmt.Sprintf("layer %s is foreign: not the registry has it, but %s", e.Digest, strings.Join(e.URLs, ", "))
}

// IsForeign reports whether a layer is to be had from the URLs in its
// descriptor alone.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#non-distributable-layers
func IsForeign(d ocispec.Descriptor) bool {
	return len(d.URLs) > 0 && (strings.Contains(d.MediaType, ".nondistributable.") || strings.Contains(d.MediaType, ".foreign."))
}

// getForeign asks the first of the layer's URLs that answers. What it gives is
// checked like any blob; it is shown no credential.
func (c *Client) getForeign(ctx context.Context, desc ocispec.Descriptor, header http.Header) (resp *http.Response, err error) {
	if !c.Foreign {
		return nil, &ForeignError{Digest: desc.Digest, URLs: desc.URLs}
	}
	c.setup.Do(c.init)
	for _, url := range desc.URLs {
		if resp, err = c.getURL(ctx, url, header); err == nil {
			return resp, nil
		}
	}
	return nil, err
}

// getURL gets a URL that is not the registry's own, without any credential.
func (c *Client) getURL(ctx context.Context, url string, header http.Header) (*http.Response, error) {
	if !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") {
		return nil, fmt.Errorf("foreign layer: %.100q is no http or https URL", url)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header = header.Clone()
	req.Header["User-Agent"] = c.auth.Header["User-Agent"]
	client := c.auth.Client
	if header.Get("Range") != "" {
		client = c.ranged
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, requestError(ctx, err)
	}
	return successful(resp)
}
