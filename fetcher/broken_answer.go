package fetcher

import (
	"io"
	"net/http"
	"strings"
)

// brokenAnswers marks the errors of answers that are not HTTP, or not to their end. Those
// of net/http have no types.
type brokenAnswers struct{ base http.RoundTripper }

// brokenAnswerError counts as the loss of the connection, which is not used again.
type brokenAnswerError struct{ error }

func (e *brokenAnswerError) Unwrap() error { return e.error }

func (t brokenAnswers) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.base.RoundTrip(req)
	if err != nil {
		if isBrokenAnswer(err.Error()) {
			err = &brokenAnswerError{err}
		}
		return nil, err
	}
	resp.Body = brokenBody{resp.Body}
	return resp, nil
}

// isBrokenAnswer recognizes the errors of an answer's header by their text.
func isBrokenAnswer(text string) bool {
	return strings.Contains(text, "HTTP/1.x transport connection broken") || strings.Contains(text, "http2: ")
}

type brokenBody struct{ io.ReadCloser }

func (b brokenBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = &brokenAnswerError{err}
	}
	return n, err
}
