package transfer

import (
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// File is written in any order and read back.
type File interface {
	io.WriterAt
	io.ReaderAt
}

// fileTransfer is the state that the connections of a transfer share.
type fileTransfer struct {
	source   Source
	options  Options
	file     File
	size     int64
	answered time.Duration // how long the first stream took to open
	segments *segments
	follower *follower
	arrived  atomic.Int64 // bytes received, including those discarded
	received atomic.Int64 // bytes written to the file
	noRanges atomic.Bool  // the server ignores ranges

	mu          sync.Mutex
	connections int
	over        func() // called when no connection is left
	refused     bool   // a connection was given up: add no more
}

// enter adds a connection, unless all have left.
func (t *fileTransfer) enter() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.connections == 0 {
		return false
	}
	t.connections++
	return true
}

// leave removes a connection.
func (t *fileTransfer) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.connections--; t.connections == 0 {
		t.over()
	}
}

// giveUp removes a failing connection, unless it is the last one.
func (t *fileTransfer) giveUp() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.connections == 1 {
		return false
	}
	t.connections--
	t.refused = true
	return true
}

// isLast reports whether only one connection is left.
func (t *fileTransfer) isLast() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.connections == 1
}

// fileError is a failed write to the file, which a retry would not help.
type fileError struct{ error }

func (e *fileError) Unwrap() error { return e.error }
