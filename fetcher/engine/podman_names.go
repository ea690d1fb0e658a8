package engine

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
)

// name gives the image its name, and removes the names under which it was pulled, now
// or by an interrupted load.
func (p *Podman) name(ctx context.Context, id digest.Digest, image *Image) error {
	has, err := p.client.inspectID(ctx, id)
	if err != nil {
		return err
	}
	if image.named() && !slices.Contains(has.RepoTags, image.Reference.String()) {
		if err := p.client.tag(ctx, id, image.Reference); err != nil {
			return err
		}
	}
	for _, name := range has.RepoTags {
		repository, isPulled := strings.CutSuffix(name, ":"+pulledTag)
		if !isPulled || !isLoopback(repository) {
			continue
		}
		query := url.Values{"repo": {repository}, "tag": {pulledTag}}
		if err := p.client.call(ctx, http.MethodPost, p.api("/images/"+id.String()+"/untag")+"?"+query.Encode(), nil, nil); err != nil {
			return err
		}
	}
	return nil
}

// isLoopback reports whether a repository is that of a [loopbackRegistry].
func isLoopback(repository string) bool {
	host, path, _ := strings.Cut(repository, "/")
	return strings.HasPrefix(host, "127.0.0.1:") && strings.HasPrefix(path, pulledRepository)
}
