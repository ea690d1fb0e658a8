package fetcher

import (
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Exchange describes a request and its response for [Client.Trace]. It has no
// header and no query, and so no secrets.
type Exchange struct {
	Method   string
	URL      string
	Status   int           // 0 without a response
	Duration time.Duration // until the body is closed
	Bytes    int64         // read from the body
	Err      error         // set without a response
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

// tracedBody counts the bytes read and reports them once, when it is closed. Close
// may be called during a Read.
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
