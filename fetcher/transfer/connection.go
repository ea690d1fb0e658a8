package transfer

import (
	"context"
	"errors"
	"io"
)

// connection is one of several over which a file comes.
type connection struct {
	t       *fileTransfer
	stream  *Stream // nil when there is none open
	open    bool    // the stream goes on behind its segment
	at      int64   // where the stream stands
	trouble trouble
}

func (c *connection) close() {
	if c.stream != nil {
		c.stream.Body.Close()
		c.stream, c.open = nil, false
	}
}

// errNoRanges is a server that begins at 0 whatever it is asked for.
var errNoRanges = errors.New("the server does not know ranges after all")

// fetch fetches a segment, and with the stream of the very first request as
// much behind it as is free.
func (c *connection) fetch(ctx context.Context, seg *segment) error {
	for {
		left := c.t.segments.left(seg)
		if left == 0 && c.open && c.t.segments.extend(seg) {
			continue
		}
		if left == 0 {
			c.close()
			return nil
		}
		err := c.seek(ctx, seg)
		if err == nil {
			err = c.read(seg, left)
		}
		if err == nil {
			continue
		}
		c.close()
		if !c.mayTryAgain(err) {
			return err
		}
		if err := c.trouble.again(ctx, err, c.t.received.Load(), c.t.size); err != nil {
			return err
		}
	}
}

// mayTryAgain tells what a connection can mend from what it cannot. A server
// that does not let it in any more is left to the other connections.
func (c *connection) mayTryAgain(err error) bool {
	var fatal *fileError
	var refused *openError
	switch {
	case errors.As(err, &fatal):
		return false
	case errors.As(err, &refused):
		return c.t.options.retryable(refused.error) && c.t.isLast()
	}
	return true
}

// openError is a source that did not open, after all that it tried itself.
type openError struct{ error }

func (e *openError) Unwrap() error { return e.error }

// seek has the stream stand at the segment's position.
func (c *connection) seek(ctx context.Context, seg *segment) error {
	if c.stream != nil && c.at == seg.pos {
		return nil
	}
	c.close()
	stream, err := open(ctx, c.t.source, &c.t.options, seg.pos, seg.end)
	if err != nil {
		return &openError{err}
	}
	if err = sameContent(stream, c.t.size); err == nil && stream.Offset != seg.pos {
		err = errNoRanges
	}
	if err != nil {
		stream.Body.Close()
		return &openError{err}
	}
	c.stream, c.at = stream, seg.pos
	return nil
}

// read reads up to a buffer of the segment and writes it to its place.
func (c *connection) read(seg *segment, left int64) error {
	b := c.t.follower.buffer()
	n, readErr := fill(c.stream.Body, b[:min(left, int64(len(b)))])
	if n > 0 {
		c.trouble.progress()
		c.at += int64(n)
		if err := c.write(seg, b[:n]); err != nil {
			return &fileError{err}
		}
	} else {
		c.t.follower.recycle(b)
	}
	if readErr == io.EOF && int64(n) < left {
		return io.ErrUnexpectedEOF
	}
	if readErr == io.EOF {
		return nil
	}
	return readErr
}

func (c *connection) write(seg *segment, b []byte) error {
	offset := seg.pos
	n := c.t.segments.claim(seg, int64(len(b)))
	if _, err := c.t.file.WriteAt(b[:n], offset); err != nil {
		return err
	}
	c.t.segments.settle(seg)
	c.t.received.Add(n)
	c.t.follower.offer(offset, b[:n])
	return nil
}

// fill reads until buf is full or src ends. Unlike io.ReadFull it returns src's
// own error, so that the end of content is told from any other end.
func fill(src io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var m int
		m, err = src.Read(buf[n:])
		n += m
	}
	return n, err
}
