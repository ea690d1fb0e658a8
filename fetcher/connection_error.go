package fetcher

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"syscall"

	"hocker/fetcher/internal/transfer"
)

// isConnectionError reports whether err says that the other side could not be
// reached or broke off, rather than that it answered something wrong.
func isConnectionError(err error) bool {
	var netErr net.Error
	var file *fs.PathError
	if errors.As(err, &file) { // its errno looks like one of the network
		return false
	}
	var stream streamError
	return errors.As(err, &netErr) || errors.As(err, &stream) || errors.Is(err, transfer.ErrStalled) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// streamError is HTTP/2's, which net/http keeps to itself, but lets be known by
// its fields.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (streamError) Error() string { return "stream error" }
