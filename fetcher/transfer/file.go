package transfer

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// File is what content can be written to in any order, and read back from.
type File interface {
	io.WriterAt
	io.ReaderAt
}

// ToFile writes the content of source to f, and in its order to w, which may be
// a hash. It returns its size. Large content comes over several connections if
// the server knows ranges and if that is faster. On an error it returns how
// much of the content f has from its beginning.
func ToFile(ctx context.Context, source Source, f File, w io.Writer, options Options) (int64, error) {
	from := options.From
	if _, err := io.CopyBuffer(w, io.NewSectionReader(f, 0, from), make([]byte, bufferSize)); err != nil {
		return 0, err
	}
	if err := options.Slots.wait(ctx); err != nil {
		return from, err
	}
	defer options.Slots.give()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	first, err := open(ctx, source, &options, from, SizeUnknown)
	if err != nil {
		return from, err
	}
	if err := first.skip(from); err != nil {
		first.Body.Close()
		return from, err
	}
	if !first.Ranges || first.Size-from < orDefault(options.ParallelFrom, defaultParallelFrom) || cap(options.Slots) <= 1 {
		r := newReader(ctx, cancel, source, options, first)
		defer r.Close()
		n, err := CopyAhead(io.NewOffsetWriter(f, from), struct {
			io.Reader
			io.Closer
		}{io.TeeReader(r, w), r})
		return from + n, err
	}
	t := &fileTransfer{source: source, options: options, file: f, size: first.Size}
	t.segments = newSegments(from, t.size, cap(options.Slots))
	t.follower = newFollower(w, f, from, t.segments.front)
	err = t.run(ctx, first)
	if followErr := t.follower.finish(err == nil); err == nil {
		err = followErr
	}
	return t.segments.front(), err
}

// fileTransfer is a transfer over several connections.
type fileTransfer struct {
	source   Source
	options  Options
	file     File
	size     int64
	segments *segments
	follower *follower
	received atomic.Int64

	mu          sync.Mutex
	connections int
	refused     bool // a connection was given up: no more are tried
}

// errComplete ends what watches over a transfer.
var errComplete = errors.New("complete")

func (t *fileTransfer) run(ctx context.Context, first *Stream) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	group, ctx := errgroup.WithContext(ctx)
	var connections sync.WaitGroup
	start := func(stream *Stream, done func()) {
		t.mu.Lock()
		t.connections++
		t.mu.Unlock()
		connections.Add(1)
		group.Go(func() error {
			defer connections.Done()
			defer done()
			return t.connection(ctx, stream)
		})
	}
	start(first, func() {})
	group.Go(func() error {
		t.grow(ctx, func() bool {
			if !t.options.Slots.take() {
				return false
			}
			start(nil, t.options.Slots.give)
			return true
		})
		return nil
	})
	group.Go(func() error {
		connections.Wait()
		cancel(errComplete)
		return nil
	})
	group.Go(func() error {
		select {
		case <-t.follower.failed:
			return t.follower.err
		case <-ctx.Done():
			return nil
		}
	})
	return group.Wait()
}

// connection fetches one part after the other until none is left.
func (t *fileTransfer) connection(ctx context.Context, stream *Stream) error {
	c := &connection{t: t, stream: stream, open: stream != nil, at: t.options.From}
	c.trouble.options = &t.options
	defer c.close()
	for {
		seg := t.segments.take()
		if seg == nil {
			t.leave(nil)
			return nil
		}
		err := c.fetch(ctx, seg)
		t.segments.release(seg)
		if err != nil {
			return t.leave(err)
		}
	}
}

// leave counts a connection out. Its error matters only if no other goes on:
// servers that allow few connections refuse the rest.
func (t *fileTransfer) leave(err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.connections--
	if err == nil {
		return nil
	}
	t.refused = true
	var local *fileError
	if t.connections > 0 && !errors.As(err, &local) {
		return nil
	}
	return err
}

// isLast reports whether no more than one connection is left.
func (t *fileTransfer) isLast() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.connections <= 1
}

// fileError is a failure of the file, which no other connection can mend.
type fileError struct{ error }

func (e *fileError) Unwrap() error { return e.error }
