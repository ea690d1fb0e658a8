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
var copyPool = sync.Pool{New: func() any { return new([copyBuffers][copyBufferSize]byte) }}

// CopyAhead copies src to dst like [io.Copy], but reads (and hashes, if src does)
// and writes in parallel. If dst fails, CopyAhead closes src, which must interrupt
// a pending Read. src is no longer in use when CopyAhead returns.
func CopyAhead(dst io.Writer, src io.ReadCloser) (int64, error) {
	buffers := copyPool.Get().(*[copyBuffers][copyBufferSize]byte)
	defer copyPool.Put(buffers) // no goroutine has one any more
	free := make(chan []byte, copyBuffers)
	for i := range buffers {
		free <- buffers[i][:]
	}
	full := make(chan []byte, copyBuffers) // holds all buffers: a send never blocks
	var readErr error                      // read after full is closed
	go func() {
		defer close(full)
		for buf := range free {
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
