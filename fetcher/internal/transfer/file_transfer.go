package transfer

import (
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// File is what content can be written to in any order, and read back from.
type File interface {
	io.WriterAt
	io.ReaderAt
}

// fileTransfer is a transfer over several connections.
type fileTransfer struct {
	source   Source
	options  Options
	file     File
	size     int64
	answered time.Duration // that the first stream took to open
	segments *segments
	follower *follower
	arrived  atomic.Int64 // bytes, whether they are wanted or not
	received atomic.Int64 // bytes that are in the file
	noRanges atomic.Bool  // the server begins at 0 whatever it is asked for

	mu          sync.Mutex
	connections int
	over        func() // called when there is no connection left
	refused     bool   // a connection was given up: no more are tried
}

// enter counts a connection in, unless all have left.
func (t *fileTransfer) enter() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.connections == 0 {
		return false
	}
	t.connections++
	return true
}

// leave counts a connection out.
func (t *fileTransfer) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.connections--; t.connections == 0 {
		t.over()
	}
}

// giveUp counts a connection out that does not get on, if another one does.
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

// isLast reports whether there is no other connection left.
func (t *fileTransfer) isLast() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.connections == 1
}

// fileError is a failure of the file, which no other connection can mend.
type fileError struct{ error }

func (e *fileError) Unwrap() error { return e.error }
