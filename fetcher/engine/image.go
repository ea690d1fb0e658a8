package engine

import (
	"context"
	"encoding/json"
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

// Image is an image to load into an engine.
type Image struct {
	// Reference is its name; the zero value means that it has none.
	Reference reference.Reference
	// IDs are the digests that engines may use as its ID: that of its config, or that
	// of its manifest if Docker stores images in containerd.
	IDs []digest.Digest
	// Write writes its docker-archive.
	Write func(io.Writer) error
}

// Outcome is what [Engine.Ensure] did.
type Outcome int

// The outcomes.
const (
	Present Outcome = iota // the engine had the image under its name
	Tagged                 // the engine had the image and tagged it
	Loaded                 // the engine loaded the image
)

// Ensure makes sure that the engine has the image under its name. It loads the image
// only if the engine does not have it, and otherwise at most tags it.
//
// Errors: *[UnavailableError], *[Error], and the errors of image.Write.
func (e *Engine) Ensure(ctx context.Context, image Image) (Outcome, error) {
	named := image.Reference.Tag != ""
	if named {
		id, err := e.imageID(ctx, image.Reference.String())
		if err != nil || slices.Contains(image.IDs, id) {
			return Present, err
		}
	}
	for _, want := range image.IDs {
		id, err := e.imageID(ctx, want.String())
		switch {
		case err != nil:
			return Present, err
		case id == "":
			continue
		case !named:
			return Present, nil
		}
		return Tagged, e.tag(ctx, id, image.Reference)
	}
	if err := e.load(ctx, image.Write); err != nil {
		return Loaded, err
	}
	return Loaded, e.check(ctx, image)
}

// check verifies that the engine has the image after loading it.
func (e *Engine) check(ctx context.Context, image Image) error {
	name := image.Reference.String()
	if image.Reference.Tag == "" {
		name = image.IDs[0].String()
	}
	id, err := e.imageID(ctx, name)
	switch {
	case err != nil:
		return err
	case id == "":
		return fmt.Errorf("%s accepted the image but does not list it: %s", e.Host, name)
	case !slices.Contains(image.IDs, id):
		return fmt.Errorf("%s accepted the image but lists another one under its name: %s is %s, not %s", e.Host, name, id, image.IDs[0])
	}
	return nil
}

// imageID returns the ID of the image with the given name or ID, or "" if the engine has
// none.
func (e *Engine) imageID(ctx context.Context, name string) (id digest.Digest, err error) {
	err = e.call(ctx, http.MethodGet, "/images/"+name+"/json", nil, func(body io.Reader) error {
		var image struct{ ID string }
		if err := json.NewDecoder(io.LimitReader(body, maxAnswer)).Decode(&image); err != nil {
			return fmt.Errorf("%s: image %s: %w", e.Host, name, err)
		}
		if !strings.Contains(image.ID, ":") { // podman versions differ
			image.ID = "sha256:" + image.ID
		}
		id, err = reference.ParseDigest(image.ID)
		return err
	})
	var answer *Error
	if errors.As(err, &answer) && answer.Status == http.StatusNotFound {
		return "", nil
	}
	return id, err
}

func (e *Engine) tag(ctx context.Context, id digest.Digest, ref reference.Reference) error {
	query := url.Values{"repo": {ref.Repository.String()}, "tag": {ref.Tag}}
	return e.call(ctx, http.MethodPost, "/images/"+id.String()+"/tag?"+query.Encode(), nil, func(io.Reader) error { return nil })
}

// load streams an archive to the engine.
func (e *Engine) load(ctx context.Context, write func(io.Writer) error) error {
	r, w := io.Pipe()
	written := make(chan error, 1)
	go func() {
		err := write(w)
		w.CloseWithError(err) // EOF for nil
		written <- err
	}()
	err := e.call(ctx, http.MethodPost, "/images/load?quiet=1", r, e.readLoad)
	r.CloseWithError(errAnswered)
	// If the archive broke off, that is why the engine rejected it.
	if writeErr := <-written; writeErr != nil && !errors.Is(writeErr, errAnswered) && !errors.Is(writeErr, io.ErrClosedPipe) {
		return writeErr
	}
	return err
}

// errAnswered stops an archive that the engine no longer reads.
var errAnswered = errors.New("the engine has answered")

// readLoad reads the progress of a load. A response with status 200 may still end in an
// error.
func (e *Engine) readLoad(body io.Reader) error {
	lines := json.NewDecoder(body)
	for {
		var line struct{ Error string }
		err := lines.Decode(&line)
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("%s: response to POST /images/load: %w", e.Host, err)
		case line.Error != "":
			return &Error{Host: e.Host, Request: "POST /images/load", Status: http.StatusOK, Message: line.Error}
		}
	}
}
