package engine

import (
	"context"
	"errors"
	"io"
	"time"
)

// silence is how long an engine may give no sign of life: read no byte, send no byte,
// complete no step. A busy engine may take a minute to list its images.
const silence = 5 * time.Minute

// slowestWork is how many bytes of an image an engine unpacks in a second, at least. While
// it does, it may be silent: Docker and podman answer only when the image is complete. So
// an image of 2 GB may take half an hour after its last byte.
const slowestWork = 1 << 20

// watch ends a context if an engine is silent for too long.
type watch struct {
	timer  *time.Timer
	limit  time.Duration
	cancel context.CancelCauseFunc
}

// watchSilence returns a context that ends with the error if the engine is silent while it
// works on size bytes of an image. The caller stops the watch.
func watchSilence(ctx context.Context, size int64, silent *UnavailableError) (context.Context, *watch) {
	w := &watch{limit: silence + time.Duration(size/slowestWork)*time.Second}
	ctx, w.cancel = context.WithCancelCause(ctx)
	silent.Err = &SilentError{w.limit}
	w.timer = time.AfterFunc(w.limit, func() { w.cancel(silent) })
	return ctx, w
}

// alive notes a sign of life.
func (w *watch) alive() { w.timer.Reset(w.limit) }

func (w *watch) stop() {
	w.timer.Stop()
	w.cancel(nil)
}

// watchedReader notes what an engine sends.
type watchedReader struct {
	io.Reader
	watch *watch
}

func (r watchedReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if n > 0 {
		r.watch.alive()
	}
	return n, err
}

// watched returns the progress with each byte that the engine reads as a sign of life.
func (p Progress) watched(w *watch) Progress {
	sent := p.Sent
	p.Sent = func(n int64) {
		w.alive()
		if sent != nil {
			sent(n)
		}
	}
	return p
}

// ended returns why ctx has ended, or err if it has not.
func ended(ctx context.Context, err error) error {
	if err != nil && errors.Is(ctx.Err(), context.Canceled) {
		return context.Cause(ctx)
	}
	return err
}
