package fetcher

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"

	"hocker/fetcher/internal/transfer"
)

// maxWholeSize bounds a response that is read whole, in bytes. The largest ones are
// manifests, for which the specification asks to support at least 4 MB:
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests
const maxWholeSize = 4 << 20

// wholeAnswers reads a response to its end before it returns it, unless it is the
// content of a blob: manifests, tokens, challenges and errors. If such a response
// breaks off or stalls, the request fails and can be retried. The connection is
// free for the next request even if the caller does not read the body.
type wholeAnswers struct {
	base    http.RoundTripper
	stall   time.Duration
	content string // URL of a blob whose content is streamed, or empty
}

func (t *wholeAnswers) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	resp, err := t.base.RoundTrip(req.WithContext(ctx))
	if err != nil {
		cancel(nil)
		return nil, err
	}
	if t.isContent(req) && (resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusPartialContent) {
		resp.Body = &cancelledBody{resp.Body, cancel}
		return resp, nil
	}
	defer cancel(nil)
	body := transfer.Watch(ctx, cancel, resp.Body, t.stall)
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, maxWholeSize+1))
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(data))
	return resp, nil
}

// isContent reports whether a request is for the content of the blob, possibly
// after redirects.
func (t *wholeAnswers) isContent(req *http.Request) bool {
	for req.Response != nil {
		req = req.Response.Request
	}
	return req.URL.String() == t.content
}

// cancelledBody cancels the context of its request when it is closed.
type cancelledBody struct {
	io.ReadCloser
	cancel context.CancelCauseFunc
}

func (b *cancelledBody) Close() error {
	defer b.cancel(nil)
	return b.ReadCloser.Close()
}
