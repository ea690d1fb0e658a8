package transfer

import (
	"hash"
	"io"
	"sync"
)

// bufferSize is how much a connection reads before it writes: few calls into
// the kernel, and still within a processor's cache.
const bufferSize = 256 << 10

// maxQueue is how many buffers may wait to be hashed. What comes when it is
// full is read back from the file later.
const maxQueue = 16

// hasher hashes a file while it is written in any order: in the order of its
// content, as far as that has arrived. Buffers that come in order are hashed as
// they are; the others are read back from the file, which still has them in
// memory.
type hasher struct {
	hash  hash.Hash
	file  io.ReaderAt
	front func() int64 // up to where all is written
	free  chan []byte  // buffers to use again

	mu     sync.Mutex
	wake   sync.Cond
	queue  [][]byte
	expect int64 // where the first byte is that is neither hashed nor queued
	closed bool
	done   chan struct{}
	err    error
}

// newHasher hashes from a place on; h has been given all before it.
func newHasher(h hash.Hash, file io.ReaderAt, from int64, front func() int64) *hasher {
	x := &hasher{hash: h, file: file, expect: from, front: front, free: make(chan []byte, 2*maxQueue), done: make(chan struct{})}
	x.wake.L = &x.mu
	go x.run()
	return x
}

// buffer returns a buffer to read into.
func (x *hasher) buffer() []byte {
	select {
	case b := <-x.free:
		return b[:bufferSize]
	default:
		return make([]byte, bufferSize)
	}
}

func (x *hasher) recycle(b []byte) {
	select {
	case x.free <- b:
	default:
	}
}

// offer takes what was written at offset, and the buffer that it is in.
func (x *hasher) offer(offset int64, b []byte) {
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

// finish waits until all that was written before is hashed.
func (x *hasher) finish() error {
	x.mu.Lock()
	x.closed = true
	x.mu.Unlock()
	x.wake.Signal()
	<-x.done
	return x.err
}

func (x *hasher) run() {
	defer close(x.done)
	for {
		piece, offset, size := x.next()
		switch {
		case piece != nil:
			x.hash.Write(piece)
			x.recycle(piece)
		case size > 0:
			if x.err = x.readBack(offset, size); x.err != nil {
				return
			}
		default:
			return
		}
	}
}

// next waits for something to hash: a buffer, or a part of the file.
func (x *hasher) next() (piece []byte, offset, size int64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for {
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
			return nil, 0, 0
		}
		x.wake.Wait()
	}
}

func (x *hasher) readBack(offset, size int64) error {
	b := x.buffer()
	defer x.recycle(b)
	if _, err := x.file.ReadAt(b[:size], offset); err != nil {
		return err
	}
	x.hash.Write(b[:size])
	return nil
}
