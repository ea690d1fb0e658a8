package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// connect returns the engine at an endpoint, or the error of choosing one.
func connect(ctx context.Context, endpoint Endpoint, err error) (Engine, error) {
	if err != nil {
		return nil, err
	}
	c, err := newClient(endpoint)
	if err != nil {
		return nil, err
	}
	if err := c.ping(ctx); err != nil {
		return nil, err
	}
	return engineOf(c), nil
}

// engineOf returns the engine that a client is connected to.
func engineOf(c *client) Engine {
	if c.libpod != "" {
		return newPodman(c)
	}
	return &Docker{client: c}
}

// firstOf returns the engine at the first socket that responds.
func firstOf(ctx context.Context, sockets []string) (Engine, error) {
	none := &NoneError{}
	for _, socket := range sockets {
		c, err := newClient(Endpoint{Host: "unix://" + socket})
		if err != nil {
			return nil, err
		}
		if err = c.ping(ctx); err == nil {
			return engineOf(c), nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		var unavailable *UnavailableError
		if !errors.As(err, &unavailable) { // it responds, but not as an engine
			unavailable = &UnavailableError{Host: c.host, Err: err}
		}
		none.Tried = append(none.Tried, unavailable)
	}
	return nil, none
}

// NoneError reports that no engine responds at the usual sockets. It matches
// [ErrUnavailable].
type NoneError struct {
	Tried []*UnavailableError
}

func (e *NoneError) Error() string {
	var silent, missing []string
	for _, tried := range e.Tried {
		if errors.Is(tried.Err, fs.ErrNotExist) {
			missing = append(missing, strings.TrimPrefix(tried.Host, "unix://"))
		} else {
			silent = append(silent, fmt.Sprintf("%s (%v)", tried.Host, tried.Err))
		}
	}
	if len(silent) > 0 {
		return "no container engine answers: tried " + strings.Join(silent, ", ")
	}
	return "no container engine is running: no socket at " + strings.Join(missing, ", ")
}

func (e *NoneError) Is(target error) bool { return target == ErrUnavailable }
