package fetcher

import (
	"fmt"
	"net/http"
)

// RedirectError is returned for a redirect that is not followed. It matches
// [content.ErrUnreachable].
type RedirectError struct{ Reason string }

func (e *RedirectError) Error() string        { return e.Reason }
func (e *RedirectError) Is(target error) bool { return unreachable(target) }

// maxRedirects is the default limit of net/http.
const maxRedirects = 10

func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return &RedirectError{fmt.Sprintf("stopped after %d redirects", maxRedirects)}
	}
	// The Referer field of net/http would reveal a signature in the previous URL.
	req.Header.Del("Referer")
	switch {
	case via[0].URL.Scheme == "https" && req.URL.Scheme != "https":
		return &RedirectError{fmt.Sprintf("the registry redirects from https to %s://%s: not followed", req.URL.Scheme, req.URL.Host)}
	case req.URL.Scheme != "https" && req.URL.Scheme != "http":
		return &RedirectError{fmt.Sprintf("the registry redirects to %s://%s: not followed", req.URL.Scheme, req.URL.Host)}
	}
	return nil
}
