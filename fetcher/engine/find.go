package engine

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"hocker/fetcher"
)

// UnavailableError is an engine that does not answer, or none at all. It is
// [fetcher.ErrUnavailable].
type UnavailableError struct {
	Host string
	Err  error
}

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("the container engine at %s does not answer: %v", e.Host, e.Err)
}

func (e *UnavailableError) Unwrap() error        { return e.Err }
func (e *UnavailableError) Is(target error) bool { return target == fetcher.ErrUnavailable }

// NoneError is a machine without an engine that answers. It is
// [fetcher.ErrUnavailable].
type NoneError struct {
	Tried []error // *[UnavailableError]
}

func (e *NoneError) Error() string {
	lines := make([]string, len(e.Tried))
	for i, err := range e.Tried {
		var one *UnavailableError
		if errors.As(err, &one) {
			lines[i] = fmt.Sprintf("%s (%v)", one.Host, one.Err)
		} else {
			lines[i] = err.Error()
		}
	}
	return "no container engine answers: tried " + strings.Join(lines, ", ")
}

func (e *NoneError) Is(target error) bool { return target == fetcher.ErrUnavailable }

// Find returns the engine at host, else the one that DOCKER_HOST names, else
// the first that answers where Docker and podman listen.
//
// Errors: *[fetcher.InputError], *[UnavailableError], *[NoneError].
func Find(ctx context.Context, host string, getenv func(string) string) (*Engine, error) {
	if host == "" {
		host = getenv("DOCKER_HOST")
	}
	if host != "" {
		e, err := New(host)
		if err != nil {
			return nil, err
		}
		return e, e.ping(ctx)
	}
	return firstOf(ctx, sockets(getenv))
}

// firstOf returns the first engine that answers at one of these sockets.
func firstOf(ctx context.Context, sockets []string) (*Engine, error) {
	none := &NoneError{}
	for _, socket := range sockets {
		e, err := New("unix://" + socket)
		if err != nil {
			return nil, err
		}
		if err = e.ping(ctx); err == nil {
			return e, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		none.Tried = append(none.Tried, err)
	}
	return nil, none
}

// sockets are where engines listen.
func sockets(getenv func(string) string) []string {
	found := []string{"/var/run/docker.sock", "/run/podman/podman.sock"}
	if dir := getenv("XDG_RUNTIME_DIR"); dir != "" {
		found = append(found, filepath.Join(dir, "docker.sock"), filepath.Join(dir, "podman/podman.sock"))
	}
	return found
}
