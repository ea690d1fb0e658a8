package transfer

import (
	"context"
	"errors"
	"io"
	"sync"
)

// Reader reads content in order, over one connection at a time. If the connection
// is lost, it resumes with another one.
type Reader struct {
	ctx     context.Context // of NewReader, until Close
	cancel  context.CancelFunc
	source  Source
	options Options
	size    int64

	mu      sync.Mutex // held by Read; Close cancels ctx first
	stream  *Stream    // nil after a lost connection
	lost    error      // the error, if newReader lost it
	offset  int64
	trouble trouble
}

// NewReader opens source. ctx applies to the reader until it is closed.
func NewReader(ctx context.Context, source Source, options Options) (*Reader, error) {
	ctx, cancel := context.WithCancel(ctx)
	stream, err := open(ctx, source, &options, 0, SizeUnknown)
	if err != nil {
		cancel()
		return nil, err
	}
	return newReader(ctx, cancel, source, options, stream, 0), nil
}

// newReader returns a Reader that continues an open stream at an offset. cancel
// cancels ctx.
func newReader(ctx context.Context, cancel context.CancelFunc, source Source, options Options, stream *Stream, from int64) *Reader {
	r := &Reader{ctx: ctx, cancel: cancel, source: source, options: options, offset: from, size: stream.Size}
	r.trouble.options = &r.options
	if err := r.resume(stream); err != nil {
		r.lost = err
	}
	return r
}

// Read implements io.Reader.
func (r *Reader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.lost; err != nil {
		r.lost = nil
		if err := r.trouble.again(r.ctx, err, r.offset, r.size); err != nil {
			return 0, err
		}
	}
	for {
		if r.stream == nil {
			if err := r.reopen(); err != nil {
				return 0, err
			}
		}
		n, err := r.stream.Body.Read(p)
		r.offset += int64(n)
		if err := r.stream.checkLength(r.offset); err != nil {
			return n, err
		}
		switch {
		case err == io.EOF && r.size != SizeUnknown && r.offset < r.size:
			err = io.ErrUnexpectedEOF
		case err != nil && r.offset == r.size: // the content is complete
			err = io.EOF
		}
		r.trouble.progress(n)
		if err == nil || err == io.EOF {
			return n, err
		}
		r.close()
		if err := r.trouble.again(r.ctx, err, r.offset, r.size); err != nil {
			return n, err
		}
		if n > 0 {
			return n, nil
		}
	}
}

// reopen opens the source at the offset where the last stream was lost.
func (r *Reader) reopen() error {
	for {
		stream, err := open(r.ctx, r.source, &r.options, r.offset, SizeUnknown)
		if err != nil && !r.options.retryable(err) {
			return err
		}
		if err == nil {
			if err = r.resume(stream); err == nil || errors.Is(err, ErrChanged) {
				return err
			}
		}
		if err := r.trouble.again(r.ctx, err, r.offset, r.size); err != nil {
			return err
		}
	}
}

// resume advances stream to the current offset and makes it the one to read from.
func (r *Reader) resume(stream *Stream) error {
	err := sameContent(stream, r.size)
	if err == nil {
		err = stream.skip(r.offset)
	}
	if err != nil {
		stream.Body.Close()
		return err
	}
	if r.size == SizeUnknown {
		r.size = stream.Size
	}
	stream.Size = r.size
	r.stream = stream
	return nil
}

func (r *Reader) close() {
	r.stream.Body.Close()
	r.stream = nil
}

// Close implements io.Closer. It interrupts a pending Read.
func (r *Reader) Close() error {
	r.cancel()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stream != nil {
		r.close()
	}
	return nil
}
