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

// Engine is a container engine at an address. Paths of its API are asked for
// without a version, which means the engine's own: what is used here has been
// the same in all of them.
type Engine struct {
	Host   string // as [Endpoint] has it
	base   string
	client *http.Client
}

// connectTimeout is how long an engine may take to answer at all: a local
// socket does so at once, but systemd may start the engine first.
const connectTimeout = 30 * time.Second

// ping finds out whether there is an engine.
func (e *Engine) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	return e.call(ctx, http.MethodGet, "/_ping", nil, func(io.Reader) error { return nil })
}

// Error is an engine's answer that something is not possible.
type Error struct {
	Host    string
	Request string // "POST /images/load"
	Status  int
	Message string // the engine's own words
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s: %s", e.Host, e.Request, e.Message)
}

// maxAnswer bounds what is read of answers that are no stream.
const maxAnswer = 8 << 20

// call sends a request and hands the body of a good answer to read.
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

// readMessage returns what the engine says of a failure.
func readMessage(answer *http.Response) string {
	data, _ := io.ReadAll(io.LimitReader(answer.Body, 4<<10))
	var said struct{ Message string }
	if json.Unmarshal(data, &said) == nil && said.Message != "" {
		return said.Message
	}
	return strings.TrimSpace(answer.Status + " " + strings.TrimSpace(string(data)))
}

// reason drops from an error of net/http the address, which says nothing of a
// socket, and what is wrapped around the end of a program.
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
