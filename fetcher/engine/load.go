package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"hocker/fetcher/bounded"

	"github.com/opencontainers/go-digest"
)

// load streams the archive of an image to the engine, with or without its name, and without
// the blobs that omit names. It returns the number of bytes that the engine read.
func (c *client) load(ctx context.Context, image *Image, named bool, omit func(digest.Digest) bool, progress Progress) (int64, error) {
	watched, watch := c.watch(ctx, image.size(nil))
	defer watch.stop()
	r, w := io.Pipe()
	written := make(chan error, 1)
	counted := &countingWriter{w: w, progress: progress.watched(watch)}
	go func() {
		err := image.Write(ctx, counted, named, omit)
		w.CloseWithError(err) // nil means EOF
		written <- err
	}()
	err := c.callWatched(watched, watch, http.MethodPost, "/images/load?quiet=1", r, c.readLoad)
	r.CloseWithError(errAnswered)
	// If the archive is truncated, that is why the engine rejected it.
	if writeErr := <-written; writeErr != nil && !errors.Is(writeErr, errAnswered) && !errors.Is(writeErr, io.ErrClosedPipe) {
		err = writeErr
	}
	var silent *UnavailableError
	if errors.As(err, &silent) {
		silent.Sent = counted.n
	}
	return counted.n, err
}

// errAnswered stops an archive that the engine no longer reads.
var errAnswered = errors.New("the engine has answered")

// countingWriter counts the bytes that pass through it.
type countingWriter struct {
	w        io.Writer
	progress Progress
	n        int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	c.progress.sent(int64(n))
	return n, err
}

// unpackFailed is Docker's message, besides "Loaded image", if it cannot unpack an
// image in containerd's store:
// https://github.com/moby/moby/blob/v28.5.2/daemon/containerd/image_exporter.go.
const unpackFailed = "Error unpacking image "

// readLoad reads the progress of a load. A response with status 200 may still end in an
// error.
func (c *client) readLoad(body io.Reader) error {
	lines := bounded.NewDecoder(body, maxAnswer, "a line")
	for {
		var line struct{ Error, Stream string }
		err := lines.Decode(&line)
		switch {
		case err == io.EOF:
			return nil
		case errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, new(net.Error)):
			return &UnavailableError{Host: c.host, Err: err}
		case err != nil:
			return fmt.Errorf("%s: response to POST /images/load: %w", c.host, err)
		case line.Error == "" && strings.HasPrefix(line.Stream, unpackFailed):
			line.Error = line.Stream
		}
		if line.Error != "" {
			return &Error{Host: c.host, Request: "POST /images/load", Status: http.StatusOK, Message: strings.TrimSpace(line.Error)}
		}
	}
}
