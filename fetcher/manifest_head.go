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

// ManifestHead asks what ref names now, by a HEAD request, which brings no body:
// Bytes is nil, and Digest is the registry's word, to be compared with or to be
// asked for, and not verified. Docker Hub counts a GET as a pull, and a HEAD not:
// https://docs.docker.com/docker-hub/usage/pulls/
//
// A registry that does not answer HEAD with a digest, which the specification
// allows it, or refuses it, as some do that answer GET, is asked for the manifest
// itself, and Bytes is there.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#checking-if-content-exists-in-the-registry
//
// Errors: those of [Client.Manifest].
func (c *Client) ManifestHead(ctx context.Context, ref reference.Reference) (image.Manifest, error) {
	return c.fromCandidates(ctx, ref, c.manifestHead)
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
	// Of schema 1 the digest is another one than that of the bytes.
	if err != nil || strings.HasPrefix(m.MediaType, schema1Prefix) {
		return c.manifest(ctx, ref)
	}
	return m, nil
}

// refusesMethod reports whether a status may be about HEAD alone. Registries that
// do not know the method say so in many ways: Nexus says that there is nothing.
// What GET says then is what counts.
func refusesMethod(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return true
	}
	return false
}
