package fetcher

import (
	"fmt"
	"net/http"
)

// RedirectError is a redirect that is not followed. It is [content.ErrUnreachable]: what is
// wanted is not to be had in this way.
type RedirectError struct{ Reason string }

func (e *RedirectError) Error() string        { return e.Reason }
func (e *RedirectError) Is(target error) bool { return unreachable(target) }

// maxRedirects is the limit that net/http has for clients without a
// CheckRedirect of their own.
const maxRedirects = 10

func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return &RedirectError{fmt.Sprintf("stopped after %d redirects", maxRedirects)}
	}
	// net/http would tell the next host where it was sent from, with a signature
	// that may stand there.
	req.Header.Del("Referer")
	switch {
	case via[0].URL.Scheme == "https" && req.URL.Scheme != "https":
		return &RedirectError{fmt.Sprintf("the registry redirects from https to %s://%s: not followed", req.URL.Scheme, req.URL.Host)}
	case req.URL.Scheme != "https" && req.URL.Scheme != "http":
		return &RedirectError{fmt.Sprintf("the registry redirects to %s://%s: not followed", req.URL.Scheme, req.URL.Host)}
	}
	return nil
}
