package fetcher

import (
	"net/url"
	"regexp"
	"strings"

	"hocker/fetcher/reference"
)

// bareURL prints u without what may be secret in it: a query can hold a
// signature.
func bareURL(u *url.URL) string {
	bare := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	return bare.String()
}

// bareError leaves the queries out of the URLs in an error's text, where they
// are not of our making: they may hold a key or a signature.
type bareError struct{ error }

// unreadableRedirect stands in the error of net/http for a redirect to what is no
// address.
const unreadableRedirect = "failed to parse Location header"

var urlQuery = regexp.MustCompile(`(https?://[^\s"?]*)\?[^\s"]*`)

func (e *bareError) Error() string {
	msg := e.error.Error()
	// net/http quotes a redirect's address that it cannot read: anything may
	// stand in it.
	if before, _, ok := strings.Cut(msg, unreadableRedirect); ok {
		return before + "the address of a redirect cannot be read"
	}
	return reference.Redact(urlQuery.ReplaceAllString(msg, "$1"))
}
func (e *bareError) Unwrap() error { return e.error }

func withoutQuery(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "(unreadable URL)"
	}
	return bareURL(u)
}
