package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
)

// find looks for an image. It returns Present if the engine has it under its name, Tagged
// and its ID if the engine has it under another one, and otherwise Loaded.
func (c *client) find(ctx context.Context, image *Image) (Outcome, digest.Digest, error) {
	ids := image.ids()
	if image.named() {
		id, err := c.imageID(ctx, image.Reference.String())
		if err != nil || slices.Contains(ids, id) {
			return Present, id, err
		}
	}
	for _, want := range ids {
		id, err := c.imageID(ctx, want.String())
		switch {
		case err != nil:
			return Present, "", err
		case !slices.Contains(ids, id):
			continue
		case !image.named():
			return Present, id, nil
		}
		return Tagged, id, nil
	}
	return Loaded, "", nil
}

// check verifies that the image's name leads to the image after loading it.
func (c *client) check(ctx context.Context, image *Image) error {
	id, err := c.imageID(ctx, image.name())
	switch {
	case err != nil:
		return err
	case id == "":
		return fmt.Errorf("%s accepted the image but does not list it: %s", c.host, image.name())
	case !slices.Contains(image.ids(), id):
		return fmt.Errorf("%s accepted the image but lists another one under its name: %s is %s, not %s", c.host, image.name(), id, image.Config.Digest)
	}
	return nil
}

// imageID returns the ID of the image with the given name or ID, or "" if the engine has
// none.
func (c *client) imageID(ctx context.Context, name string) (digest.Digest, error) {
	image, err := c.inspect(ctx, name)
	if isNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return parseID(image.ID)
}

// isNotFound reports whether err means that the engine does not have an image.
func isNotFound(err error) bool {
	var answer *Error
	return errors.As(err, &answer) && answer.Status == http.StatusNotFound
}

// inspected is an engine's description of an image.
type inspected struct {
	ID       string
	RepoTags []string
	RootFS   struct{ Layers []digest.Digest } // the diff IDs
}

// inspect returns the engine's description of the image with the given name or
// ID.
func (c *client) inspect(ctx context.Context, name string) (image inspected, err error) {
	err = c.call(ctx, http.MethodGet, "/images/"+name+"/json", nil, func(body io.Reader) error {
		if err := readAnswer(body, &image); err != nil {
			return fmt.Errorf("%s: image %s: %w", c.host, name, err)
		}
		return nil
	})
	return image, err
}

// otherImageError reports an engine that was asked for an image and describes another one.
type otherImageError struct {
	host      string
	want, got digest.Digest
}

func (e *otherImageError) Error() string {
	return fmt.Sprintf("%s: asked for image %s, it describes %s", e.host, e.want, e.got)
}

// inspectID returns the engine's description of the image with an ID.
//
// Errors: *[otherImageError].
func (c *client) inspectID(ctx context.Context, id digest.Digest) (inspected, error) {
	image, err := c.inspect(ctx, id.String())
	if err != nil {
		return inspected{}, err
	}
	want, err := parseID(id.String())
	if err != nil {
		return inspected{}, err
	}
	got, err := parseID(image.ID)
	if err != nil {
		return inspected{}, err
	}
	if got != want {
		return inspected{}, &otherImageError{c.host, want, got}
	}
	return image, nil
}

// tag names the image with an ID.
func (c *client) tag(ctx context.Context, id digest.Digest, ref reference.Reference) error {
	query := url.Values{"repo": {ref.Repository.String()}, "tag": {ref.Tag}}
	return c.call(ctx, http.MethodPost, "/images/"+id.String()+"/tag?"+query.Encode(), nil, nil)
}

// parseID parses the ID of an image. Some versions of podman omit its algorithm.
func parseID(id string) (digest.Digest, error) {
	if !strings.Contains(id, ":") {
		id = "sha256:" + id
	}
	return reference.ParseDigest(id)
}
