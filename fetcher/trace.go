package fetcher

import (
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Exchange is one request and its answer, as [Client.Trace] is told of it. It
// holds no header and no query, and so no secret.
type Exchange struct {
	Method   string
	URL      string
	Status   int           // 0 if there was no answer
	Duration time.Duration // until the body was closed
	Bytes    int64         // of the body, as read
	Err      error         // why there was no answer
}

type tracer struct {
	base  http.RoundTripper
	trace func(Exchange)
}

func tracing(base http.RoundTripper, trace func(Exchange)) http.RoundTripper {
	if trace == nil {
		return base
	}
	return &tracer{base, trace}
}

func (t *tracer) RoundTrip(req *http.Request) (*http.Response, error) {
	x := Exchange{Method: req.Method, URL: bareURL(req.URL)}
	start := time.Now()
	resp, err := t.base.RoundTrip(req)
	if err != nil {
		x.Duration, x.Err = time.Since(start), err
		t.trace(x)
		return nil, err
	}
	x.Status = resp.StatusCode
	resp.Body = &tracedBody{ReadCloser: resp.Body, done: func(n int64) {
		x.Duration, x.Bytes = time.Since(start), n
		t.trace(x)
	}}
	return resp, nil
}

// tracedBody counts what is read of a body and reports it once, when closed.
// That may happen while it is still being read.
type tracedBody struct {
	io.ReadCloser
	n    atomic.Int64
	once sync.Once
	done func(n int64)
}

func (b *tracedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.n.Add(int64(n))
	return n, err
}

func (b *tracedBody) Close() error {
	b.once.Do(func() { b.done(b.n.Load()) })
	return b.ReadCloser.Close()
}
