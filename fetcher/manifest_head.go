package fetcher

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"hocker/fetcher/image"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
)

// ManifestHead returns the digest that ref names now. It sends a HEAD request:
// Bytes is nil, and Digest is what the registry states, unverified. Docker Hub
// counts a GET as a pull, but not a HEAD:
// https://docs.docker.com/docker-hub/usage/pulls/
//
// If the registry refuses HEAD, or answers without a digest, which the
// specification allows, ManifestHead fetches the manifest, and Bytes is set.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#checking-if-content-exists-in-the-registry
//
// Errors: those of [Client.Manifest].
func (c *Client) ManifestHead(ctx context.Context, ref reference.Reference) (image.Manifest, error) {
	return c.fromCandidates(ctx, ref, c.manifestHead, false)
}

func (c *Client) manifestHead(ctx context.Context, ref reference.Reference) (image.Manifest, error) {
	resp, err := c.ask(ctx, ref.Repository, "/manifests/"+ref.Identifier(), request{method: http.MethodHead, header: http.Header{"Accept": acceptManifests}})
	if answer := (*ResponseError)(nil); errors.As(err, &answer) && refusesMethod(answer.Status) {
		return c.manifest(ctx, ref)
	}
	if err != nil {
		return image.Manifest{}, err
	}
	resp.Body.Close()
	m := image.Manifest{MediaType: mediaType(resp)}
	m.Digest, err = digest.Parse(resp.Header.Get("Docker-Content-Digest"))
	// The stated digest of a schema 1 manifest is not that of its bytes.
	if err != nil || strings.HasPrefix(m.MediaType, schema1Prefix) {
		return c.manifest(ctx, ref)
	}
	return m, nil
}

// refusesMethod reports whether a status may be due to the method HEAD. Registries
// without HEAD respond in many ways: Nexus with 404. The response to GET decides.
func refusesMethod(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return true
	}
	return false
}
