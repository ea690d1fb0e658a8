package transfer

import (
	"io"
	"sync"
)

// bufferSize is how much a connection reads before it writes: enough to need few
// system calls, and small enough for the CPU cache.
const bufferSize = 256 << 10

// maxQueue is the number of buffers that may wait to be passed on. With more, they
// would leave the CPU cache. If the queue is full, content is read back from the
// file later.
const maxQueue = 4

// follower passes the content of a file that is written in any order to a writer
// in order, to a hash for example. Buffers that arrive in order are passed on
// directly. The others are read back from the file, most likely from the page
// cache.
type follower struct {
	w     io.Writer
	file  io.ReaderAt
	front func() int64 // offset of the first gap in the file
	free  chan []byte  // buffers to reuse

	mu      sync.Mutex
	wake    sync.Cond
	queue   [][]byte
	expect  int64 // offset of the first byte neither passed on nor queued
	closed  bool
	aborted bool
	done    chan struct{}
	failed  chan struct{} // closed after w or the file failed; err is set
	err     error
}

// newFollower returns a follower that starts at an offset. The caller has passed
// the content before it to w.
func newFollower(w io.Writer, file io.ReaderAt, from int64, front func() int64) *follower {
	x := &follower{w: w, file: file, expect: from, front: front, free: make(chan []byte, 2*maxQueue), done: make(chan struct{}), failed: make(chan struct{})}
	x.wake.L = &x.mu
	go x.run()
	return x
}

// buffer returns a buffer to read into.
func (x *follower) buffer() []byte {
	select {
	case b := <-x.free:
		return b[:bufferSize]
	default:
		return make([]byte, bufferSize)
	}
}

func (x *follower) recycle(b []byte) {
	select {
	case x.free <- b:
	default:
	}
}

// offer passes in the content written at offset. The buffer now belongs to x.
func (x *follower) offer(offset int64, b []byte) {
	x.mu.Lock()
	queued := offset == x.expect && len(x.queue) < maxQueue
	if queued {
		x.queue = append(x.queue, b)
		x.expect += int64(len(b))
	}
	x.mu.Unlock()
	x.wake.Signal()
	if !queued {
		x.recycle(b)
	}
}

// finish waits until the content written so far is passed on. If that no longer
// matters, it only waits for the current Write to return.
func (x *follower) finish(matters bool) error {
	x.mu.Lock()
	x.closed = true
	x.aborted = !matters
	x.mu.Unlock()
	x.wake.Signal()
	<-x.done
	return x.err
}

func (x *follower) run() {
	defer close(x.done)
	for {
		piece, offset, size := x.next()
		switch {
		case piece != nil:
			_, x.err = x.w.Write(piece)
			x.recycle(piece)
		case size > 0:
			x.err = x.readBack(offset, size)
		default:
			return
		}
		if x.err != nil {
			close(x.failed)
			return
		}
	}
}

// next waits for content to pass on: a buffer, or a range of the file.
func (x *follower) next() (piece []byte, offset, size int64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for !x.aborted {
		if len(x.queue) > 0 {
			piece, x.queue = x.queue[0], x.queue[1:]
			return piece, 0, 0
		}
		if size := min(x.front()-x.expect, bufferSize); size > 0 {
			offset := x.expect
			x.expect += size
			return nil, offset, size
		}
		if x.closed {
			break
		}
		x.wake.Wait()
	}
	return nil, 0, 0
}

func (x *follower) readBack(offset, size int64) error {
	b := x.buffer()
	defer x.recycle(b)
	if _, err := x.file.ReadAt(b[:size], offset); err != nil {
		return err
	}
	_, err := x.w.Write(b[:size])
	return err
}
