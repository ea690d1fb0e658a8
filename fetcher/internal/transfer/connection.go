package transfer

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
)

// connection is one of the connections of a fileTransfer.
type connection struct {
	t       *fileTransfer
	stream  *Stream // nil if none is open
	open    bool    // the stream extends to the end of the content
	at      int64   // offset of the stream
	trouble trouble
}

func (c *connection) close() {
	if c.stream != nil {
		c.stream.Body.Close()
		c.stream, c.open = nil, false
	}
}

// errNoRanges is returned for a server that ignores the range of a request.
var errNoRanges = errors.New("the server does not support ranges after all")

// fetch fetches a segment. If its stream extends beyond the segment, fetch
// continues with the segments after it, as long as they are free.
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

// mend handles an error: the connection either retries or leaves the remaining work
// to the others. mend returns an error if there are no others.
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

// openError is an error of Source.Open, after the source's own retries.
type openError struct{ error }

func (e *openError) Unwrap() error { return e.error }

// seek opens or advances the stream, so that it continues at the segment's position.
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
	// The server sends all of the content, which only the last connection can use.
	c.t.noRanges.Store(true)
	if !c.t.isLast() {
		return &openError{errNoRanges}
	}
	c.open = true
	return c.skip(seg.pos)
}

// skip discards the content before an offset.
func (c *connection) skip(to int64) error {
	c.stream.Offset = c.at
	err := c.stream.skip(to)
	c.at = c.stream.Offset
	return err
}

// read reads up to one buffer of the segment and writes it to the file.
func (c *connection) read(seg *segment, left int64) error {
	b := c.t.follower.buffer()
	n, readErr := fill(arrivals{c.stream.Body, &c.t.arrived}, b[:min(left, int64(len(b)))])
	if n > 0 {
		c.trouble.progress(n)
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
	case int64(n) == left: // the segment is complete
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

// arrivals counts the bytes read.
type arrivals struct {
	io.Reader
	n *atomic.Int64
}

func (a arrivals) Read(p []byte) (int, error) {
	n, err := a.Reader.Read(p)
	a.n.Add(int64(n))
	return n, err
}
