package fetcher

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"hocker/fetcher/content"
	"hocker/fetcher/image"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
)

// schema1Prefix is the prefix of the media types of schema 1 manifests.
const schema1Prefix = "application/vnd.docker.distribution.manifest.v1+"

// maxManifestSize bounds the size of a manifest, in bytes.
const maxManifestSize = maxWholeSize

// Manifest fetches the manifest or index that ref names. If ref has a digest, the
// bytes match it. Otherwise Digest is computed from the bytes.
//
// Errors: [content.ErrDenied], [content.ErrNotFound], [content.ErrUnavailable], *[content.VerifyError].
func (c *Client) Manifest(ctx context.Context, ref reference.Reference) (image.Manifest, error) {
	return c.fromCandidates(ctx, ref, c.manifest, false)
}

type askManifest = func(context.Context, reference.Reference) (image.Manifest, error)

// fromCandidates calls ask for each mirror and then for the registry, until one
// succeeds. If mayLack is set, it is no notice that a mirror does not have it.
func (c *Client) fromCandidates(ctx context.Context, ref reference.Reference, ask askManifest, mayLack bool) (image.Manifest, error) {
	c.setup.Do(c.init)
	candidates := c.mirrors.candidates(ref.Repository, ref.Digest)
	for i, repo := range candidates {
		at := ref
		at.Repository = repo
		m, err := ask(ctx, at)
		if isMirror := i < len(candidates)-1; err == nil && isMirror && ref.Digest == "" {
			err = c.confirm(ctx, ref, repo, m.Digest)
		}
		switch {
		case err == nil:
			return m, nil
		case i == len(candidates)-1 || ctx.Err() != nil:
			return image.Manifest{}, &FetchError{What: "manifest", From: ref.Familiar(), Err: err}
		}
		if !mayLack || !errors.Is(err, content.ErrNotFound) {
			c.mirrors.skip(repo, err)
		}
	}
	panic("unreachable: a reference has its own registry at least")
}

func (c *Client) manifest(ctx context.Context, ref reference.Reference) (image.Manifest, error) {
	resp, err := c.ask(ctx, ref.Repository, "/manifests/"+ref.Identifier(), request{header: http.Header{"Accept": acceptManifests}})
	if err != nil {
		return image.Manifest{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxManifestSize+1))
	if err != nil {
		return image.Manifest{}, err
	}
	if len(body) > maxManifestSize {
		return image.Manifest{}, &content.LimitError{Limit: maxManifestSize, Reason: "a manifest"}
	}
	m := image.Manifest{MediaType: mediaType(resp), Bytes: body}
	stated := resp.Header.Get("Docker-Content-Digest")
	if strings.HasPrefix(m.MediaType, schema1Prefix) {
		stated = "" // that digest does not cover the signatures in the body
	}
	if err := identify(&m, ref.Digest, stated); err != nil {
		return image.Manifest{}, err
	}
	return m, nil
}

// identify computes the manifest's digest and compares it with the digest asked
// for. Without one it compares with the digest that the registry states, which
// detects proxies that modify bodies.
func identify(m *image.Manifest, asked digest.Digest, stated string) error {
	want := asked
	if want == "" {
		if d, err := digest.Parse(stated); err == nil {
			want = d
		}
	}
	algorithm := digest.SHA256
	if want != "" {
		algorithm = want.Algorithm()
	}
	m.Digest = algorithm.FromBytes(m.Bytes)
	if want != "" && m.Digest != want {
		return &content.VerifyError{Want: want, Got: m.Digest, Read: int64(len(m.Bytes)), Size: content.SizeUnknown}
	}
	return nil
}

func mediaType(resp *http.Response) string {
	t, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return t
}
