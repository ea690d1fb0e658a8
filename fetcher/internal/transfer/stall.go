package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// ErrStalled is returned if a connection delivers nothing for too long.
var ErrStalled = errors.New("connection stalled")

// open opens source. Its body fails with [ErrStalled] if it delivers nothing for
// the time that o allows.
func open(ctx context.Context, source Source, o *Options, offset, end int64) (*Stream, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	stream, err := source.Open(ctx, offset, end)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	stream.Body = Watch(ctx, cancel, stream.Body, o.stall())
	return stream, nil
}

// errSlow is returned if a connection is slower than [MinRate].
var errSlow = fmt.Errorf("slower than %d bytes a second: %w", MinRate, ErrStalled)

// Watch returns a reader of body that fails with [ErrStalled] if a Read takes
// longer than limit, or if the Reads together are slower than [MinRate] over twice
// that time; 0 means 30 s. It then calls cancel, which must cancel ctx, the context of
// the body's request. Close calls cancel as well.
func Watch(ctx context.Context, cancel context.CancelCauseFunc, body io.ReadCloser, limit time.Duration) io.ReadCloser {
	b := &watchedBody{ReadCloser: body, ctx: ctx, cancel: cancel, limit: orDefault(limit, defaultStall)}
	b.timer = time.AfterFunc(b.limit, func() { cancel(ErrStalled) })
	b.timer.Stop()
	b.slow = time.AfterFunc(slowTime(b.limit), func() { cancel(errSlow) })
	b.slow.Stop()
	return b
}

// watchedBody interrupts a Read that takes too long. The time between two Reads
// does not count: then the consumer is busy.
type watchedBody struct {
	io.ReadCloser
	ctx    context.Context // of this request alone
	cancel context.CancelCauseFunc
	limit  time.Duration
	timer  *time.Timer   // runs during a Read
	slow   *time.Timer   // likewise, for the rest of slowTime
	spent  time.Duration // in Reads, since the last time that enough bytes had arrived
	got    int64         // bytes since then
}

func (b *watchedBody) Read(p []byte) (int, error) {
	start := time.Now()
	b.timer.Reset(b.limit)
	b.slow.Reset(slowTime(b.limit) - b.spent)
	n, err := b.ReadCloser.Read(p)
	b.timer.Stop()
	b.slow.Stop()
	b.spent += time.Since(start)
	if b.got += int64(n); b.got >= enough(b.limit) {
		b.spent, b.got = 0, 0
	}
	if err != nil && err != io.EOF && b.ctx.Err() != nil {
		err = context.Cause(b.ctx)
	}
	return n, err
}

func (b *watchedBody) Close() error {
	b.timer.Stop()
	b.slow.Stop()
	b.cancel(nil)
	return b.ReadCloser.Close()
}
