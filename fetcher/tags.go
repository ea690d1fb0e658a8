package fetcher

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"hocker/fetcher/content"
	"hocker/fetcher/image"
	"hocker/fetcher/reference"
)

// The limits for the list of a repository's tags. The largest repositories of Docker Hub
// have some 50,000, and some registries put no more than 100 into an answer.
const (
	tagsPerPage = 1000
	maxTagPages = 1000
	maxTags     = 200_000
	maxTagBytes = 8 << 20 // of all together
)

// Tags returns the tags of a repository, in the order of the registry.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
//
// Mirrors are asked only if the registry cannot be reached, with a notice: many list no
// more than what they have a copy of.
//
// Errors: [content.ErrDenied], [content.ErrNotFound], [content.ErrUnavailable].
func (c *Client) Tags(ctx context.Context, repo reference.Repository) ([]string, error) {
	c.setup.Do(c.init)
	tags, err := c.tags(ctx, repo)
	candidates := c.mirrors.candidates(repo, "")
	for _, mirror := range candidates[:len(candidates)-1] {
		if !errors.Is(err, content.ErrUnavailable) || ctx.Err() != nil {
			break
		}
		found, mirrorErr := c.tags(ctx, mirror)
		if mirrorErr != nil {
			c.mirrors.skip(mirror, mirrorErr)
			continue
		}
		c.mirrors.notify(fmt.Sprintf("warning: the tags are those that the mirror %s has: %v", mirror.Registry.Host, err))
		tags, err = found, nil
	}
	if err != nil {
		return nil, &FetchError{What: "tags", From: repo.Familiar(), Err: err}
	}
	return tags, nil
}

// tags reads all pages of a registry's list.
func (c *Client) tags(ctx context.Context, repo reference.Repository) ([]string, error) {
	var tags []string
	size := 0
	query := fmt.Sprintf("?n=%d", tagsPerPage)
	for range maxTagPages {
		resp, err := c.ask(ctx, repo, "/tags/list"+query, request{header: http.Header{"Accept": {"application/json"}}})
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(resp.Body) // a whole answer, which is bounded
		resp.Body.Close()
		if err != nil {
			return nil, err
		}
		page, err := parseTags(body)
		if err != nil {
			return nil, err
		}
		if tags = append(tags, page...); len(tags) > maxTags {
			return nil, fmt.Errorf("more than %d tags, the limit", maxTags)
		}
		for _, tag := range page {
			size += len(tag)
		}
		if size > maxTagBytes {
			return nil, fmt.Errorf("more than %d bytes of tags, the limit", maxTagBytes)
		}
		if query, err = nextPage(resp); err != nil || query == "" {
			return tags, err
		}
	}
	return nil, fmt.Errorf("more than %d pages, the limit", maxTagPages)
}

// parseTags reads one page.
func parseTags(body []byte) ([]string, error) {
	var page struct {
		Tags []string `json:"tags"` // may be null
	}
	if err := image.Unmarshal("list", body, &page); err != nil {
		return nil, fmt.Errorf("expected a list of tags: %w", err)
	}
	for _, tag := range page.Tags {
		if err := reference.CheckTag(tag); err != nil {
			return nil, fmt.Errorf("the list has the %v", err) // not an error of the user
		}
	}
	return page.Tags, nil
}
