package transfer

import (
	"context"
	"errors"
	"io"
	"time"
)

// ErrStalled is a connection on which no byte came for too long.
var ErrStalled = errors.New("connection stalled")

// open opens source, and has its body fail with [ErrStalled] when no byte
// comes for the time that o allows.
func open(ctx context.Context, source Source, o *Options, offset, end int64) (*Stream, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	stream, err := source.Open(ctx, offset, end)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	b := &watchedBody{ReadCloser: stream.Body, ctx: ctx, cancel: cancel, limit: o.stall()}
	b.timer = time.AfterFunc(b.limit, func() { cancel(ErrStalled) })
	b.timer.Stop()
	stream.Body = b
	return stream, nil
}

// watchedBody ends a Read that takes too long. Time between two reads, when the
// consumer is busy, does not count.
type watchedBody struct {
	io.ReadCloser
	ctx    context.Context // of this request alone
	cancel context.CancelCauseFunc
	timer  *time.Timer
	limit  time.Duration
}

func (b *watchedBody) Read(p []byte) (int, error) {
	b.timer.Reset(b.limit)
	n, err := b.ReadCloser.Read(p)
	b.timer.Stop()
	if err != nil && err != io.EOF && b.ctx.Err() != nil {
		err = context.Cause(b.ctx)
	}
	return n, err
}

func (b *watchedBody) Close() error {
	b.timer.Stop()
	b.cancel(nil)
	return b.ReadCloser.Close()
}
