package fetcher

import (
	"errors"
	"strings"
	"testing"

	"hocker/fetcher/content"
	"hocker/fetcher/credential"
	"hocker/fetcher/image"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

const dockerForeign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"

// A foreign layer is fetched from the first URL that has it, if allowed, without a
// credential, and verified.
func TestForeignLayer(t *testing.T) {
	registry := startServer(t, hello)
	lost := startServer(t, answer{status: 404})
	owner := startServer(t, hello)
	liar := startServer(t, answer{body: "wrong"})
	challenging := startServer(t, challenge(basicChallenge))
	tests := []struct {
		name    string
		allowed bool
		urls    []string
		failure
	}{
		{name: "not allowed", urls: []string{owner.URL}, failure: failure{text: "blob of HOST/org/app@" + string(helloDigest) + ": layer " + string(helloDigest) + " is foreign: the registry does not hold it; it is available from http://HOST"}},
		{name: "allowed", allowed: true, urls: []string{owner.URL + "/layer"}},
		{name: "second URL", allowed: true, urls: []string{lost.URL, "ftp://example.com/x", owner.URL}},
		{name: "nowhere", allowed: true, urls: []string{lost.URL + "/layer?key=hunter2"}, failure: failure{kind: content.ErrNotFound, text: "blob of HOST/org/app@" + string(helloDigest) + ": GET http://HOST/layer: 404 Not Found"}},
		{name: "not for everybody", allowed: true, urls: []string{challenging.URL + "/layer"}, failure: failure{kind: content.ErrDenied, text: "blob of HOST/org/app@" + string(helloDigest) + ": GET http://HOST/layer: 401 Unauthorized (UNAUTHORIZED authentication required)"}},
		{name: "file", allowed: true, urls: []string{"file:///etc/passwd"}, failure: failure{text: "blob of HOST/org/app@" + string(helloDigest) + `: foreign layer: "file:///etc/passwd" is not an http or https URL`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := static(registry.app(t), credential.Credential{Token: "hunter2"})
			c.Foreign = tt.allowed
			body, err := c.Blob(t.Context(), registry.app(t), ocispec.Descriptor{MediaType: dockerForeign, Digest: helloDigest, URLs: tt.urls})
			tt.check(t, err, registry.host(), owner.host(), lost.host(), challenging.host())
			if err == nil {
				body.Close()
			}
			var foreign *image.ForeignError
			if errors.As(err, &foreign) == tt.allowed {
				t.Errorf("got %v", err)
			}
		})
	}
	c := &Client{Foreign: true}
	var w strings.Builder
	_, err := copyBlob(t, c, registry.app(t), ocispec.Descriptor{MediaType: dockerForeign, Digest: helloDigest, URLs: []string{liar.URL}}, &w)
	var mismatch *content.VerifyError
	if !errors.As(err, &mismatch) {
		t.Errorf("wrong content: %v", err)
	}
	checkNoSecrets(t, append(append(owner.asked(), lost.asked()...), challenging.asked()...)...)
	if len(registry.asked()) != 0 {
		t.Error("the registry received a request")
	}
}
