package engine

import (
	"errors"
	"fmt"
	"time"

	"hocker/fetcher/bytecount"
)

// ErrUnavailable means that no engine responds.
var ErrUnavailable = errors.New("no container engine answers")

// UnavailableError reports an engine that does not respond, or stopped
// responding. It matches [ErrUnavailable].
type UnavailableError struct {
	Host string
	Err  error
	Sent int64 // bytes of the image that it read before
	// Containerd reports whether the engine is containerd.
	Containerd bool
}

func (e *UnavailableError) Error() string {
	var silent *SilentError
	switch {
	case errors.As(e.Err, &silent) && e.Sent > 0:
		return fmt.Sprintf("the container engine at %s has read %s of the image, and then given %v", e.Host, bytecount.Format(e.Sent), silent)
	case errors.As(e.Err, &silent):
		return fmt.Sprintf("the container engine at %s has given %v", e.Host, silent)
	case e.Sent > 0:
		return fmt.Sprintf("the container engine at %s closed the connection after it had read %s of the image: %v", e.Host, bytecount.Format(e.Sent), e.Err)
	}
	return fmt.Sprintf("the container engine at %s does not answer: %v", e.Host, e.Err)
}

func (e *UnavailableError) Unwrap() error        { return e.Err }
func (e *UnavailableError) Is(target error) bool { return target == ErrUnavailable }

// SilentError reports an engine that gave no sign of life for too long.
type SilentError struct{ Limit time.Duration }

func (e *SilentError) Error() string { return fmt.Sprintf("no sign of life for %s", e.Limit) }
