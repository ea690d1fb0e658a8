package fetcher

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"syscall"

	"hocker/fetcher/internal/transfer"
)

// isConnectionError reports whether err means that a connection failed or broke
// off, as opposed to a response that is wrong.
func isConnectionError(err error) bool {
	var netErr net.Error
	var file *fs.PathError
	if errors.As(err, &file) { // its errno looks like a network error
		return false
	}
	var stream streamError
	return errors.As(err, &netErr) || errors.As(err, new(*brokenAnswerError)) || errors.As(err, &stream) || errors.Is(err, transfer.ErrStalled) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// streamError receives the HTTP/2 stream error of net/http. That type is not
// exported, but its As method fills any struct with these fields.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (streamError) Error() string { return "stream error" }
