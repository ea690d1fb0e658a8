package fetcher

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"hocker/fetcher/image"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// The limits for the list of what refers to one digest. Registries put some hundred
// entries into an answer.
const (
	maxReferrerPages = 20
	maxReferrers     = 2000
)

// Referrers returns the descriptors of the manifests that refer to a digest, as a registry
// with the OCI's API for referrers lists them. The list is what the registry says: it may
// lack some, and the types in it may be wrong.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
//
// A mirror with an empty list decides nothing: the registry is asked too.
//
// Errors: [content.ErrNotFound] if the registry has no such API, those of
// [Client.Manifest].
func (c *Client) Referrers(ctx context.Context, repo reference.Repository, d digest.Digest) ([]ocispec.Descriptor, error) {
	c.setup.Do(c.init)
	var list []ocispec.Descriptor
	var err error
	for _, at := range c.mirrors.candidates(repo, d) {
		list, err = c.referrers(ctx, at, d)
		if err == nil && len(list) > 0 || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		err = &FetchError{What: "referrers", From: reference.Reference{Repository: repo, Digest: d}.Familiar(), Err: err}
	}
	return list, err
}

// referrers reads all pages of a registry's list.
func (c *Client) referrers(ctx context.Context, repo reference.Repository, d digest.Digest) ([]ocispec.Descriptor, error) {
	var list []ocispec.Descriptor
	query := ""
	for range maxReferrerPages {
		resp, err := c.ask(ctx, repo, "/referrers/"+d.String()+query, request{header: http.Header{"Accept": {ocispec.MediaTypeImageIndex}}})
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(resp.Body) // a whole answer, which is bounded
		resp.Body.Close()
		if err != nil {
			return nil, err
		}
		page, err := image.ParseIndex(body)
		if err != nil {
			return nil, err
		}
		if list = append(list, page.Manifests...); len(list) > maxReferrers {
			return nil, fmt.Errorf("more than %d manifests, the limit", maxReferrers)
		}
		if query, err = nextPage(resp); err != nil || query == "" {
			return list, err
		}
	}
	return nil, fmt.Errorf("more than %d pages, the limit", maxReferrerPages)
}

// nextPage returns the query of the page after an answer, with its question mark, or "".
// Only the query may differ: the registry does not choose where the client goes.
func nextPage(resp *http.Response) (string, error) {
	for _, link := range resp.Header.Values("Link") {
		target, parameters, _ := strings.Cut(link, ">")
		target, ok := strings.CutPrefix(strings.TrimSpace(target), "<")
		if !ok || !strings.Contains(strings.ReplaceAll(parameters, `"`, ""), "rel=next") {
			continue
		}
		base := resp.Request.URL
		next, err := base.Parse(target)
		if err != nil {
			return "", errElsewhere
		}
		return "?" + next.RawQuery, checkNext(base, next)
	}
	return "", nil
}

// maxQuery limits the query of the next page, in bytes. Some registries have a token in it.
const maxQuery = 8 << 10

var errElsewhere = errors.New("the link to the next page leads elsewhere")

// checkNext reports an address that cannot be that of the page after base.
func checkNext(base, next *url.URL) error {
	isSame := next.Scheme == base.Scheme && next.Host == base.Host && next.Path == base.Path
	switch {
	case !isSame || next.RawQuery == "":
		return errElsewhere
	case next.RawQuery == base.RawQuery:
		return errors.New("the link to the next page leads to the same page")
	case len(next.RawQuery) > maxQuery:
		return fmt.Errorf("the link to the next page is longer than %d bytes, the limit", maxQuery)
	}
	return nil
}
