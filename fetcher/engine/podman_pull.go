package engine

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	"hocker/fetcher/bounded"

	"github.com/opencontainers/go-digest"
)

// pullPath is podman's request to pull an image:
// https://docs.podman.io/en/latest/_static/api.html#tag/images/operation/ImagePullLibpod.
const pullPath = "/images/pull"

// pull makes podman pull the image from a loopbackRegistry. The image then has a name
// that [Podman.name] removes.
//
// The pull is quiet: if the client disconnects while podman 4.3 writes its progress, the
// request never ends in podman, and a service that is told to exit waits for it. This was
// not seen with podman 5.8.
func (p *Podman) pull(ctx context.Context, image *Image, progress Progress) (served, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ctx, watch := p.client.watch(ctx, image.size(nil))
	defer watch.stop()
	registry, err := serveImage(ctx, image, progress.watched(watch), cancel)
	if err != nil {
		return served{}, err
	}
	defer registry.close()
	query := url.Values{"reference": {registry.reference() + ":" + pulledTag}, "tlsVerify": {"false"}, "retry": {"0"}, "quiet": {"true"}}
	err = p.client.callWatched(ctx, watch, http.MethodPost, p.api(pullPath)+"?"+query.Encode(), nil, func(body io.Reader) error {
		return p.readPull(body, image.Config.Digest)
	})
	pulled := registry.served()
	var silent *UnavailableError
	if ctx.Err() != nil {
		err = context.Cause(ctx) // why the image could not be read, the caller's cause, or silence
	}
	if errors.As(err, &silent) {
		silent.Sent = pulled.bytes
	}
	return pulled, err
}

// readPull reads the result of a pull, which must end with the expected ID. A response
// with status 200 may still end in an error, and versions of podman that cannot be quiet
// send their progress first.
func (p *Podman) readPull(body io.Reader, want digest.Digest) error {
	failed := func(reason string) error {
		return &Error{Host: p.client.host, Request: "POST " + p.api(pullPath), Status: http.StatusOK, Message: reason}
	}
	var id string
	for lines := bounded.NewDecoder(body, maxAnswer, "a line"); ; {
		var line struct{ ID, Error string }
		switch err := lines.Decode(&line); {
		case err == io.EOF && id == "":
			return failed("the response ends before the image's ID")
		case err == io.EOF:
			got, err := parseID(id)
			if err == nil && got != want {
				err = failed("podman pulled " + got.String() + " and not " + want.String())
			}
			return err
		case err != nil:
			return &UnavailableError{Host: p.client.host, Err: err}
		case line.Error != "":
			return failed(line.Error)
		case line.ID != "":
			id = line.ID
		}
	}
}
