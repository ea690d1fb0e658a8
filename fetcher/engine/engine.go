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
)

// Engine is a client of a container engine. Its requests name no API version, which
// selects the engine's own: the endpoints used here are the same in all versions.
type Engine struct {
	Host   string // as in [Endpoint]
	base   string
	client *http.Client
}

// connectTimeout limits how long an engine may take to respond. A local socket responds
// at once, but systemd may have to start the engine first.
const connectTimeout = 30 * time.Second

// ping checks that the engine responds.
func (e *Engine) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	return e.call(ctx, http.MethodGet, "/_ping", nil, func(io.Reader) error { return nil })
}

// Error is an error response of an engine.
type Error struct {
	Host    string
	Request string // "POST /images/load"
	Status  int
	Message string // from the engine
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s: %s", e.Host, e.Request, e.Message)
}

// maxAnswer limits the size of a response that is not a stream, in bytes.
const maxAnswer = 8 << 20

// call sends a request and passes the body of a successful response to read.
//
// Errors: *[UnavailableError], *[Error].
func (e *Engine) call(ctx context.Context, method, path string, body io.Reader, read func(io.Reader) error) error {
	request, err := http.NewRequestWithContext(ctx, method, e.base+path, body)
	if err != nil {
		return err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/x-tar")
	}
	answer, err := e.client.Do(request)
	if err != nil {
		if errors.Is(ctx.Err(), context.Canceled) {
			return context.Cause(ctx)
		}
		return &UnavailableError{Host: e.Host, Err: reason(err)}
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 300 {
		path, _, _ = strings.Cut(path, "?")
		return &Error{Host: e.Host, Request: method + " " + path, Status: answer.StatusCode, Message: readMessage(answer)}
	}
	return read(answer.Body)
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
