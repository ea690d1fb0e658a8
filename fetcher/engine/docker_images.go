package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/opencontainers/go-digest"
)

// imageLayers returns the diff IDs of the daemon's images by their IDs. known are those of
// an earlier call: an image does not change.
func (c *client) imageLayers(ctx context.Context, store imageStore, known map[digest.Digest][]digest.Digest) (map[digest.Digest][]digest.Digest, error) {
	query := ""
	if store == graphStore {
		query = "?all=1" // with those that are only steps of a build
	}
	images := map[digest.Digest][]digest.Digest{}
	err := c.listImages(ctx, query, func(image listedImage) { images[image.ID] = known[image.ID] })
	if err != nil {
		return nil, err
	}
	for id, layers := range images {
		if layers == nil {
			if images[id], err = c.rootFS(ctx, id); err != nil {
				return nil, err
			}
		}
	}
	return images, nil
}

// listedImage is an image in the list of a daemon's images.
type listedImage struct {
	ID digest.Digest
	// Manifests is what containerd's image store has of the image, since version 1.47
	// of the API.
	Manifests []struct {
		ID        digest.Digest
		Available bool // all blobs are there
	}
}

// listImages calls each for every image that the daemon lists.
func (c *client) listImages(ctx context.Context, query string, each func(listedImage)) error {
	return c.call(ctx, http.MethodGet, "/images/json"+query, nil, func(body io.Reader) error {
		// The list may be long.
		lines := json.NewDecoder(body)
		_, err := lines.Token()
		for err == nil && lines.More() {
			var image listedImage
			if err = lines.Decode(&image); err == nil {
				each(image)
			}
		}
		if err == nil {
			_, err = lines.Token()
		}
		if err != nil {
			return fmt.Errorf("%s: response to GET /images/json: %w", c.host, err)
		}
		return nil
	})
}

// isAvailable reports whether containerd's image store has all blobs of an image. Older
// versions do not list an image otherwise.
func (c *client) isAvailable(ctx context.Context, id digest.Digest) (available bool, err error) {
	err = c.listImages(ctx, "?manifests=1", func(image listedImage) {
		if image.ID != id {
			return
		}
		available = image.Manifests == nil
		for _, manifest := range image.Manifests {
			available = available || manifest.ID == id && manifest.Available
		}
	})
	return available, err
}

// rootFS returns the diff IDs of an image. It is empty, but not nil, if the daemon does not
// say: someone may have removed the image.
func (c *client) rootFS(ctx context.Context, id digest.Digest) ([]digest.Digest, error) {
	image, err := c.inspect(ctx, id.String())
	if errors.As(err, new(*Error)) {
		err = nil
	}
	return append([]digest.Digest{}, image.RootFS.Layers...), err
}
