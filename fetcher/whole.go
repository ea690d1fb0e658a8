package fetcher

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"

	"hocker/fetcher/internal/transfer"
)

// maxWholeSize bounds an answer that is read whole, in bytes. The largest such
// answer is a manifest. Registries must accept manifests of 4 MiB, and clients may
// refuse larger ones:
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests
const maxWholeSize = 4 << 20

// wholeAnswers reads what is not the content of a blob to its end before it
// passes it on: manifests, tokens, challenges and errors. An answer that breaks
// off or stalls is then an error of the request, which can be made again, and
// the connection is there for the next one even if nobody wants the answer.
type wholeAnswers struct {
	base    http.RoundTripper
	stall   time.Duration
	content string // the URL of a blob's content, which is passed on as it comes; or empty
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

// isContent reports whether a request is the one for the content, or one that its
// answer led to.
func (t *wholeAnswers) isContent(req *http.Request) bool {
	for req.Response != nil {
		req = req.Response.Request
	}
	return req.URL.String() == t.content
}

// cancelledBody lets go of its request's context when it is closed.
type cancelledBody struct {
	io.ReadCloser
	cancel context.CancelCauseFunc
}

func (b *cancelledBody) Close() error {
	defer b.cancel(nil)
	return b.ReadCloser.Close()
}
