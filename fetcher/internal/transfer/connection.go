package transfer

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
)

// connection is one of several over which a file comes.
type connection struct {
	t       *fileTransfer
	stream  *Stream // nil when there is none open
	open    bool    // the stream goes on to the content's end
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

// fetch fetches a segment, and with a stream that goes on behind it as much as
// is free there.
func (c *connection) fetch(ctx context.Context, seg *segment) error {
	for {
		left := c.t.segments.left(seg)
		if left == 0 && c.open && c.t.segments.extend(seg) {
			continue
		}
		if left == 0 {
			if !c.open {
				c.close()
			}
			return nil
		}
		if err := c.seek(ctx, seg, left); err != nil {
			return err
		}
		if err := c.read(seg, left); err != nil {
			return err
		}
	}
}

// mend has the connection try again after an error, if that may help, or leaves
// what there is to do to the others. It returns an error if there are none.
func (c *connection) mend(ctx context.Context, err error) (left bool, _ error) {
	var local *fileError
	var refused *openError
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case errors.As(err, &local):
	case errors.As(err, &refused) && c.t.giveUp():
		return true, nil
	case errors.As(err, &refused) && !c.t.options.retryable(refused.error):
	default:
		if err = c.trouble.again(ctx, err, c.t.received.Load(), c.t.size); err == nil {
			return false, nil
		}
		if c.t.giveUp() {
			return true, nil
		}
	}
	c.t.leave()
	return true, err
}

// openError is a source that did not open, after all that it tried itself.
type openError struct{ error }

func (e *openError) Unwrap() error { return e.error }

// seek has the stream stand at the segment's position, for what is left of it.
func (c *connection) seek(ctx context.Context, seg *segment, left int64) error {
	if c.stream != nil && (c.at == seg.pos || c.at < seg.pos && c.open && c.t.noRanges.Load()) {
		return c.skip(seg.pos)
	}
	c.close()
	stream, err := open(ctx, c.t.source, &c.t.options, seg.pos, seg.pos+left)
	if err != nil {
		return &openError{err}
	}
	if err := sameContent(stream, c.t.size); err != nil {
		stream.Body.Close()
		return &openError{err}
	}
	c.stream, c.at = stream, stream.Offset
	if c.at == seg.pos {
		return nil
	}
	// All of the content comes: that is for one connection alone.
	c.t.noRanges.Store(true)
	if !c.t.isLast() {
		return &openError{errNoRanges}
	}
	c.open = true
	return c.skip(seg.pos)
}

// skip reads away what comes before a place.
func (c *connection) skip(to int64) error {
	c.stream.Offset = c.at
	err := c.stream.skip(to)
	c.at = c.stream.Offset
	return err
}

// read reads up to a buffer of the segment and writes it to its place.
func (c *connection) read(seg *segment, left int64) error {
	b := c.t.follower.buffer()
	n, readErr := fill(arrivals{c.stream.Body, &c.t.arrived}, b[:min(left, int64(len(b)))])
	if n > 0 {
		c.trouble.progress()
		c.at += int64(n)
		if err := c.write(seg, b[:n]); err != nil {
			return &fileError{err}
		}
	} else {
		c.t.follower.recycle(b)
	}
	if readErr == nil {
		return nil
	}
	c.close()
	switch {
	case int64(n) == left: // all that was wanted
		return nil
	case readErr == io.EOF:
		return io.ErrUnexpectedEOF
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

// arrivals counts what is read.
type arrivals struct {
	io.Reader
	n *atomic.Int64
}

func (a arrivals) Read(p []byte) (int, error) {
	n, err := a.Reader.Read(p)
	a.n.Add(int64(n))
	return n, err
}
