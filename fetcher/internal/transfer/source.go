package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// SizeUnknown stands for a size that the other side did not say.
const SizeUnknown int64 = -1

// Source opens one piece of content. It is used by several goroutines at once.
//
// Open begins at offset and ends before end, or at the content's end if end is
// [SizeUnknown]. An error of Open is final for that call: a source has tried
// again by itself what is worth it.
type Source interface {
	Open(ctx context.Context, offset, end int64) (*Stream, error)
}

// Stream is an open piece of content.
type Stream struct {
	Body io.ReadCloser
	// Offset is where Body begins: the one that was asked for, or 0 from a
	// server that does not know ranges.
	Offset int64
	// Size is that of the whole content, or SizeUnknown.
	Size int64
	// Ranges says that the server can begin anywhere.
	Ranges bool
}

// skip reads away what comes before offset.
func (s *Stream) skip(offset int64) error {
	if s.Offset == offset {
		return nil
	}
	if s.Offset > offset {
		return fmt.Errorf("the server begins at byte %d instead of %d", s.Offset, offset)
	}
	n, err := io.CopyN(io.Discard, s.Body, offset-s.Offset)
	s.Offset += n
	if err == io.EOF { // no end of the content
		err = io.ErrUnexpectedEOF
	}
	return err
}

// ErrChanged is content of another size than was said before.
var ErrChanged = errors.New("the content has changed")

// checkLength makes sure that no more comes up to at than there is.
func (s *Stream) checkLength(at int64) error {
	if s.Size != SizeUnknown && at > s.Size {
		return fmt.Errorf("%w: it has %d bytes, and more came", ErrChanged, s.Size)
	}
	return nil
}

// sameContent makes sure that what was opened again is not something else.
func sameContent(s *Stream, size int64) error {
	if size != SizeUnknown && s.Size != SizeUnknown && s.Size != size {
		return fmt.Errorf("%w: it had %d bytes, and has %d now", ErrChanged, size, s.Size)
	}
	return nil
}
