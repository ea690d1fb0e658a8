package engine

import (
	"errors"
	"fmt"
)

// ErrUnavailable means that no engine responds.
var ErrUnavailable = errors.New("no container engine answers")

// UnavailableError reports an engine that does not respond. It is [ErrUnavailable].
type UnavailableError struct {
	Host string
	Err  error
}

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("the container engine at %s does not answer: %v", e.Host, e.Err)
}

func (e *UnavailableError) Unwrap() error        { return e.Err }
func (e *UnavailableError) Is(target error) bool { return target == ErrUnavailable }
