package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"hocker/fetcher/bounded"
)

// client is a client of the API of Docker and podman. Its requests name no API version,
// so the engine uses its newest: the endpoints used here are the same in all versions.
type client struct {
	host   string // as in [Endpoint]
	base   string
	http   *http.Client
	libpod string // the version of podman's own API, empty for another engine; known after ping
}

// connectTimeout limits how long an engine may take to respond. A local socket responds
// at once, but systemd may have to start the engine first.
const connectTimeout = 30 * time.Second

// ping checks that the engine responds, and learns which one it is.
func (c *client) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	answer, err := c.send(ctx, http.MethodGet, "/_ping", nil)
	if err != nil {
		return err
	}
	c.libpod = answer.Header.Get("Libpod-Api-Version")
	return answer.Body.Close()
}

// Error is an error response of an engine.
type Error struct {
	Host    string
	Request string // "POST /images/load"
	Status  int    // of HTTP; 0 from containerd
	Message string // from the engine
	// Containerd reports whether the engine is containerd.
	Containerd bool
}

// Podman reports whether the request was for the part of the API that only podman has.
func (e *Error) Podman() bool { return strings.Contains(e.Request, "/libpod/") }

func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s: %s", e.Host, e.Request, e.Message)
}

// maxAnswer limits the size of a response that is not a stream, in bytes.
const maxAnswer = 8 << 20

// readAnswer reads a response that is a JSON document. The connection ends with the
// context of the request.
func readAnswer(body io.Reader, document any) error {
	data, err := bounded.Read(body, maxAnswer, "a response")
	if err != nil {
		return err
	}
	return json.Unmarshal(data, document)
}

// call sends a request and passes the body of a successful response to read, which may be
// nil.
//
// Errors: *[UnavailableError], *[Error].
func (c *client) call(ctx context.Context, method, path string, body io.Reader, read func(io.Reader) error) error {
	ctx, w := c.watch(ctx, 0)
	defer w.stop()
	return c.callWatched(ctx, w, method, path, body, read)
}

// watch returns a context that ends if the engine is silent for too long while it works on
// size bytes of an image.
func (c *client) watch(ctx context.Context, size int64) (context.Context, *watch) {
	return watchSilence(ctx, size, &UnavailableError{Host: c.host})
}

// callWatched is call with a context from watch.
func (c *client) callWatched(ctx context.Context, w *watch, method, path string, body io.Reader, read func(io.Reader) error) error {
	answer, err := c.send(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	w.alive()
	if read != nil {
		if err := read(watchedReader{answer.Body, w}); err != nil {
			return ended(ctx, err)
		}
	}
	// After a response is read to its end, the connection is free for the next
	// request.
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxMessage))
	return nil
}

// send sends a request and returns the response if it is successful.
//
// Errors: *[UnavailableError], *[Error].
func (c *client) send(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/x-tar")
	}
	answer, err := c.http.Do(request)
	if err != nil {
		if errors.Is(ctx.Err(), context.Canceled) {
			return nil, context.Cause(ctx)
		}
		return nil, &UnavailableError{Host: c.host, Err: reason(err)}
	}
	if answer.StatusCode >= 300 {
		defer answer.Body.Close()
		path, _, _ = strings.Cut(path, "?")
		return nil, &Error{Host: c.host, Request: method + " " + path, Status: answer.StatusCode, Message: readMessage(answer)}
	}
	return answer, nil
}

// readMessage returns the message in an error response.
func readMessage(answer *http.Response) string {
	data, _ := io.ReadAll(io.LimitReader(answer.Body, 4<<10))
	var said struct{ Message string }
	if json.Unmarshal(data, &said) == nil && said.Message != "" {
		return said.Message
	}
	return strings.TrimSpace(answer.Status + " " + strings.TrimSpace(string(data)))
}

// reason unwraps an error of net/http: it drops the URL, which is meaningless for a
// socket, and whatever wraps the error of a program.
func reason(err error) error {
	var command *commandError
	if errors.As(err, &command) {
		return command
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}
