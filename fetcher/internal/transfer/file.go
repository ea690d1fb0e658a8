package transfer

import (
	"context"
	"errors"
	"io"
	"time"

	"golang.org/x/sync/errgroup"
)

// ToFile writes the content of source to f and, in order, to w, which may be a
// hash. It returns the size of the content. Large content uses several connections
// if the server supports ranges and if that is faster. With an error, ToFile
// returns how many bytes f holds without a gap.
func ToFile(ctx context.Context, source Source, f File, w io.Writer, options Options) (int64, error) {
	from := options.From
	if err := passOn(ctx, f, from, w); err != nil {
		if ctx.Err() != nil {
			return from, err // the partial content is not at fault
		}
		return 0, err
	}
	if err := options.Slots.wait(ctx); err != nil {
		return from, err
	}
	defer options.Slots.give()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	asked := time.Now()
	first, err := open(ctx, source, &options, from, SizeUnknown)
	if err != nil {
		return from, err
	}
	answered := time.Since(asked)
	if first.Offset != from || !first.Ranges || first.Size-from < orDefault(options.ParallelFrom, defaultParallelFrom) || cap(options.Slots) <= 1 {
		r := newReader(ctx, cancel, source, options, first, from)
		defer r.Close()
		n, err := CopyAhead(io.NewOffsetWriter(f, from), struct {
			io.Reader
			io.Closer
		}{io.TeeReader(r, w), r})
		return from + n, err
	}
	t := &fileTransfer{source: source, options: options, file: f, size: first.Size, answered: answered}
	t.segments = newSegments(from, t.size, cap(options.Slots))
	t.follower = newFollower(w, f, from, t.segments.front)
	err = t.run(ctx, cancel, first)
	if followErr := t.follower.finish(err == nil); err == nil {
		err = followErr
	}
	return t.segments.front(), err
}

// passOn passes the first n bytes of f to w.
func passOn(ctx context.Context, f File, n int64, w io.Writer) error {
	if n == 0 {
		return nil
	}
	_, err := io.CopyBuffer(w, ContextReader(ctx, io.NewSectionReader(f, 0, n)), make([]byte, bufferSize))
	return err
}

// errComplete is the cause that ends the watchers of a complete transfer.
var errComplete = errors.New("complete")

// run fetches the segments. closeFirst cancels the first stream, whose context is
// not that of run.
func (t *fileTransfer) run(ctx context.Context, closeFirst func(), first *Stream) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	group, ctx := errgroup.WithContext(ctx)
	defer context.AfterFunc(ctx, closeFirst)()
	t.connections, t.over = 1, func() { cancel(errComplete) }
	start := func(stream *Stream, done func()) {
		group.Go(func() error {
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
			if !t.enter() {
				t.options.Slots.give()
				return false
			}
			start(nil, t.options.Slots.give)
			return true
		})
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

// connection fetches segments until none is left.
func (t *fileTransfer) connection(ctx context.Context, stream *Stream) error {
	c := &connection{t: t, stream: stream, open: stream != nil, at: t.options.From}
	c.trouble.options = &t.options
	defer c.close()
	for {
		seg := t.segments.take()
		if seg == nil {
			t.leave()
			return nil
		}
		err := c.fetch(ctx, seg)
		t.segments.release(seg)
		if err == nil {
			continue
		}
		c.close()
		if left, err := c.mend(ctx, err); left || err != nil {
			return err
		}
	}
}
