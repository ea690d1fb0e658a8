package grpc

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// Code is the status of a call:
// https://github.com/grpc/grpc/blob/v1.76.0/doc/statuscodes.md
type Code int

// The codes that callers distinguish.
const (
	InvalidArgument    Code = 3
	NotFound           Code = 5
	AlreadyExists      Code = 6
	PermissionDenied   Code = 7
	FailedPrecondition Code = 9
	OutOfRange         Code = 11
	Unimplemented      Code = 12
	Unavailable        Code = 14
)

// StatusError reports a call that the server refused or that failed there.
type StatusError struct {
	Method  string // /PACKAGE.SERVICE/METHOD
	Code    Code
	Message string // from the server
}

func (e *StatusError) Error() string {
	if e.Message == "" {
		return fmt.Sprintf("%s: status %d", e.Method, e.Code)
	}
	return e.Message
}

// ConnError reports a call without a status: the server cannot be reached, does not
// speak gRPC, or broke the connection.
type ConnError struct {
	Err error
}

func (e *ConnError) Error() string { return e.Err.Error() }
func (e *ConnError) Unwrap() error { return e.Err }

// Is reports whether err is a [StatusError] with one of the codes.
func Is(err error, codes ...Code) bool {
	var status *StatusError
	if errors.As(err, &status) {
		for _, code := range codes {
			if status.Code == code {
				return true
			}
		}
	}
	return false
}

const statusField = "Grpc-Status"

var errNoStatus = errors.New("the server broke the connection: its response has no status")

// parseStatus reads the status of a call from the trailer or header of its response.
func parseStatus(method string, fields http.Header) error {
	code, err := strconv.Atoi(fields.Get(statusField))
	if err != nil || code < 0 {
		return &ConnError{errNoStatus}
	}
	if code == 0 {
		return nil
	}
	message := fields.Get("Grpc-Message")
	if plain, err := url.PathUnescape(message); err == nil {
		message = plain
	}
	return &StatusError{Method: method, Code: Code(code), Message: message}
}
