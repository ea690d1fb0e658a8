package fetcher

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"hocker/fetcher/content"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
)

// confirm asks the registry itself for the digest of a tag that a mirror answered for:
// without a digest, nothing verifies what a mirror says. It returns an error if the
// registry has another digest. If the registry cannot be asked, the answer stands, with a
// notice.
func (c *Client) confirm(ctx context.Context, ref reference.Reference, mirror reference.Repository, got digest.Digest) error {
	want, err := c.tagDigest(ctx, ref)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		c.mirrors.answered.Store(ref, mirror.Registry.Host)
		c.mirrors.notify(fmt.Sprintf("%s: the digest is the word of the mirror %s alone: %v", ref.Familiar(), mirror.Registry.Host, err))
		return nil
	case want != got:
		return fmt.Errorf("its %s is %s, the registry's is %s", ref.Tag, got, want)
	}
	return nil
}

// tagDigest returns the digest that the registry itself states for a tag. It asks once, and
// not again if the registry does not respond.
func (c *Client) tagDigest(ctx context.Context, ref reference.Reference) (digest.Digest, error) {
	if err, ok := c.mirrors.unreachable.Load(ref.Registry); ok {
		return "", err.(error)
	}
	resp, err := c.ask(ctx, ref.Repository, "/manifests/"+ref.Tag, request{method: http.MethodHead, header: http.Header{"Accept": acceptManifests}, once: true})
	if errors.Is(err, content.ErrUnreachable) {
		c.mirrors.unreachable.Store(ref.Registry, err)
	}
	if err != nil {
		return "", err
	}
	resp.Body.Close()
	d, err := digest.Parse(resp.Header.Get("Docker-Content-Digest"))
	if err != nil {
		return "", fmt.Errorf("%s states no digest", ref.Registry.Host)
	}
	return d, nil
}

// Mirrored returns the host of the mirror whose word alone the digest of a tag is, since the
// registry itself could not be asked, or "".
func (c *Client) Mirrored(ref reference.Reference) string {
	host, _ := c.mirrors.answered.Load(ref)
	name, _ := host.(string)
	return name
}
