package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// SizeUnknown is the size of content of unknown size.
const SizeUnknown int64 = -1

// Source opens the content to transfer. It must be safe for concurrent use.
//
// Open returns the content from offset up to end, or up to its end if end is
// [SizeUnknown]. Open does its own retries, so its error is final for that call.
type Source interface {
	Open(ctx context.Context, offset, end int64) (*Stream, error)
}

// Stream is the open content of a Source.
type Stream struct {
	Body io.ReadCloser
	// Offset is where Body starts: the requested offset, or 0 if the server does
	// not support ranges.
	Offset int64
	// Size is the size of the whole content, or SizeUnknown.
	Size int64
	// Ranges reports whether the server supports ranges.
	Ranges bool
}

// skip discards the content before offset.
func (s *Stream) skip(offset int64) error {
	if s.Offset == offset {
		return nil
	}
	if s.Offset > offset {
		return fmt.Errorf("the server starts at byte %d instead of %d", s.Offset, offset)
	}
	n, err := io.CopyN(io.Discard, s.Body, offset-s.Offset)
	s.Offset += n
	if err == io.EOF { // not the end of the content
		err = io.ErrUnexpectedEOF
	}
	return err
}

// ErrChanged is returned if the size of the content changes during a transfer.
var ErrChanged = errors.New("the content has changed")

// checkLength returns an error if at is beyond the end of the content.
func (s *Stream) checkLength(at int64) error {
	if s.Size != SizeUnknown && at > s.Size {
		return fmt.Errorf("%w: expected %d bytes, received more", ErrChanged, s.Size)
	}
	return nil
}

// sameContent returns an error if a new stream states another size.
func sameContent(s *Stream, size int64) error {
	if size != SizeUnknown && s.Size != SizeUnknown && s.Size != size {
		return fmt.Errorf("%w: it had %d bytes, now it has %d", ErrChanged, size, s.Size)
	}
	return nil
}
