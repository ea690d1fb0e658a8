package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"hocker/fetcher"
)

// Engine is a container engine at an address. Paths of its API are asked for
// without a version, which means the engine's own: what is used here has been
// the same in all of them.
type Engine struct {
	Host   string // unix:///PATH or tcp://HOST:PORT
	base   string
	client *http.Client
}

// connectTimeout is how long an engine may take to answer at all: a local
// socket does so at once, but systemd may start the engine first.
const connectTimeout = 30 * time.Second

// New returns the engine at host, without asking it anything: unix:///PATH,
// tcp://HOST:PORT or http://HOST:PORT.
//
// Errors: *[fetcher.InputError].
func New(host string) (*Engine, error) {
	malformed := &fetcher.InputError{What: "engine", Value: host, Reason: "expected unix:///PATH or tcp://HOST:PORT"}
	scheme, rest, ok := strings.Cut(host, "://")
	if !ok || rest == "" {
		return nil, malformed
	}
	dialer := &net.Dialer{Timeout: connectTimeout}
	transport := &http.Transport{DisableCompression: true}
	e := &Engine{Host: host, client: &http.Client{Transport: transport}}
	switch scheme {
	case "unix":
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", rest)
		}
		e.base = "http://engine"
	case "tcp", "http":
		u, err := url.Parse("http://" + strings.TrimSuffix(rest, "/"))
		if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil {
			return nil, malformed
		}
		transport.DialContext = dialer.DialContext
		e.base = u.String()
	case "ssh":
		malformed.Reason = "ssh is not spoken here: forward the engine's socket (ssh -L ./engine.sock:/var/run/docker.sock HOST) and name that"
		return nil, malformed
	default:
		return nil, malformed
	}
	return e, nil
}

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
		return &UnavailableError{Host: e.Host, Err: unwrapURL(err)}
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

// unwrapURL drops the address from an error of net/http: for a socket it has
// none that means anything.
func unwrapURL(err error) error {
	if u, ok := err.(*url.Error); ok {
		return u.Err
	}
	return err
}
