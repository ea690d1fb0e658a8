package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"hocker/fetcher/bounded"

	"github.com/opencontainers/go-digest"
)

// imageLayers maps the IDs of the engine's images to their diff IDs. known is the
// result of an earlier call: an image does not change.
func (c *client) imageLayers(ctx context.Context, store imageStore, known map[digest.Digest][]digest.Digest) (map[digest.Digest][]digest.Digest, error) {
	query := url.Values{}
	if store == graphStore {
		query.Set("all", "1") // includes intermediate images of builds
	}
	images := map[digest.Digest][]digest.Digest{}
	err := c.listImages(ctx, query, func(image listedImage) { images[image.ID] = nil })
	if err != nil {
		return nil, err
	}
	for id := range images {
		if layers, ok := known[id]; ok {
			images[id] = layers
		} else if images[id], err = c.rootFS(ctx, id); err != nil {
			return nil, err
		}
	}
	return images, nil
}

// listedImage is an image in the list of a daemon's images.
type listedImage struct {
	ID digest.Digest
	// Manifests are the manifests of the image in containerd's image store, since
	// version 1.47 of the API.
	Manifests []struct {
		ID        digest.Digest
		Available bool // all blobs are present
	}
}

// listImages calls each for every image in the daemon's list.
func (c *client) listImages(ctx context.Context, query url.Values, each func(listedImage)) error {
	return c.call(ctx, http.MethodGet, "/images/json?"+query.Encode(), nil, func(body io.Reader) error {
		if err := readImages(body, each); err != nil {
			return fmt.Errorf("%s: response to GET /images/json: %w", c.host, err)
		}
		return nil
	})
}

// maxImages is far more than the images that an engine has.
const maxImages = 1_000_000

// readImages reads a JSON array of images, which may be long.
func readImages(body io.Reader, each func(listedImage)) error {
	list := bounded.NewDecoder(body, maxAnswer, "an image in a list")
	switch start, err := list.Token(); {
	case err != nil:
		return err
	case start == nil: // null
		return nil
	case start != json.Delim('['):
		return fmt.Errorf("expected an array, not %v", start)
	}
	for n := 0; list.More(); n++ {
		if n == maxImages {
			return fmt.Errorf("there are more than %d images, the limit", maxImages)
		}
		var image listedImage
		if err := list.Decode(&image); err != nil {
			return err
		}
		each(image)
	}
	_, err := list.Token()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// isAvailable reports whether containerd's image store has all blobs of an image. name
// is its name, or empty.
func (c *client) isAvailable(ctx context.Context, id digest.Digest, name string) (bool, error) {
	// The daemon takes several milliseconds to list an image, so ask for few.
	filters := []string{`{"dangling":["true"]}`, ""}
	if name != "" {
		filter, err := json.Marshal(map[string][]string{"reference": {name}})
		if err != nil {
			return false, err
		}
		filters = []string{string(filter)}
	}
	for _, filter := range filters {
		query := url.Values{"manifests": {"1"}}
		if filter != "" {
			query.Set("filters", filter)
		}
		available := false
		err := c.listImages(ctx, query, func(image listedImage) {
			available = available || image.ID == id && image.available()
		})
		if err != nil || available {
			return available, err
		}
	}
	return false, nil
}

// available reports whether all blobs of the image are present. A daemon that does not
// list manifests does not list incomplete images either.
func (i listedImage) available() bool {
	if i.Manifests == nil {
		return true
	}
	for _, manifest := range i.Manifests {
		if manifest.ID == i.ID {
			return manifest.Available
		}
	}
	return false
}

// rootFS returns the diff IDs of an image. They are empty if the daemon does not have
// them, since the image may have been removed, or if it describes another image.
func (c *client) rootFS(ctx context.Context, id digest.Digest) ([]digest.Digest, error) {
	image, err := c.inspectID(ctx, id)
	if errors.As(err, new(*Error)) || errors.As(err, new(*otherImageError)) {
		err = nil
	}
	return image.RootFS.Layers, err
}
