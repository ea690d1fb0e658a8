package fetcher

import (
	"net/url"
	"regexp"
	"strings"

	"hocker/fetcher/reference"
)

// bareURL formats u without its user information, query and fragment, which may
// hold secrets: a query can be a signature.
func bareURL(u *url.URL) string {
	bare := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	return bare.String()
}

// bareError removes the queries of URLs from the text of another package's
// error: they may hold a key or a signature.
type bareError struct{ error }

// malformedRedirect is part of the error that net/http returns for a redirect to
// a malformed URL.
const malformedRedirect = "failed to parse Location header"

var urlQuery = regexp.MustCompile(`(https?://[^\s"?]*)\?[^\s"]*`)

func (e *bareError) Error() string {
	msg := e.error.Error()
	// net/http quotes the malformed URL, which may hold a secret.
	if before, _, ok := strings.Cut(msg, malformedRedirect); ok {
		return before + "the redirect has a malformed URL"
	}
	return reference.Redact(urlQuery.ReplaceAllString(msg, "$1"))
}
func (e *bareError) Unwrap() error { return e.error }

func withoutQuery(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "(malformed URL)"
	}
	return bareURL(u)
}
