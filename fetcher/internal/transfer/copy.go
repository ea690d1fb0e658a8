package transfer

import (
	"io"
	"sync"
)

// The buffers of a copy are large enough to need few system calls, and small
// enough to stay in the CPU cache.
const (
	copyBuffers    = 4
	copyBufferSize = 256 << 10
)

// copyPool has buffers of earlier copies. An image may have thousands of layers.
var copyPool = sync.Pool{New: func() any { return new([copyBufferSize]byte) }}

// CopyAhead copies src to dst like [io.Copy], but reads (and hashes, if src does)
// and writes in parallel. If dst fails, CopyAhead closes src, which must interrupt
// a pending Read. src is no longer in use when CopyAhead returns.
func CopyAhead(dst io.Writer, src io.ReadCloser) (int64, error) {
	free := make(chan []byte, copyBuffers)
	full := make(chan []byte, copyBuffers) // holds all buffers: a send never blocks
	var readErr error                      // read after full is closed
	var buffers []*[copyBufferSize]byte    // likewise
	defer func() {
		for _, b := range buffers {
			copyPool.Put(b)
		}
	}()
	// next returns a buffer, a new one only if the writer is behind: small content needs one.
	next := func() ([]byte, bool) {
		select {
		case buf, ok := <-free:
			return buf, ok
		default:
		}
		if len(buffers) < copyBuffers {
			b := copyPool.Get().(*[copyBufferSize]byte)
			buffers = append(buffers, b)
			return b[:], true
		}
		buf, ok := <-free
		return buf, ok
	}
	go func() {
		defer close(full)
		for buf, ok := next(); ok; buf, ok = next() {
			n, err := fill(src, buf)
			if n > 0 {
				full <- buf[:n]
			}
			if err != nil {
				readErr = err
				return
			}
		}
	}()
	var written int64
	for buf := range full {
		n, err := dst.Write(buf)
		written += int64(n)
		if err == nil && n < len(buf) {
			err = io.ErrShortWrite
		}
		if err != nil {
			close(free)
			src.Close()
			for range full {
			}
			return written, err
		}
		free <- buf[:copyBufferSize]
	}
	if readErr == io.EOF {
		return written, nil
	}
	return written, readErr
}

// fill reads until buf is full or src ends. Unlike io.ReadFull it returns src's
// own error, so that callers can tell the end of the content from a failure.
func fill(src io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var m int
		m, err = src.Read(buf[n:])
		n += m
	}
	return n, err
}
