package fetcher

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"oras.land/oras-go/v2/registry/remote/errcode"
)

// What a failed fetch comes down to. Every error that a [Client] returns for
// the registry's side of a failure is one of these under [errors.Is].
var (
	// ErrDenied: the registry or its token service refused, with or without
	// credentials (401, 403, no credentials where some are needed).
	ErrDenied = errors.New("access denied")
	// ErrNotFound: there is no such repository, tag, manifest or blob.
	ErrNotFound = errors.New("not found")
	// ErrUnavailable: the registry cannot be reached, or keeps failing.
	ErrUnavailable = errors.New("unavailable")
)

// FetchError says which fetch failed. It wraps the cause.
type FetchError struct {
	What string // "manifest", "blob"
	From string // the reference, or repository@digest
	Err  error
}

func (e *FetchError) Error() string {
	return fmt.Sprintf("%s of %s: %v", e.What, e.From, e.Err)
}

func (e *FetchError) Unwrap() error { return e.Err }

// ResponseError is an answer of a registry that is not the content asked for.
// It is [ErrDenied], [ErrNotFound] or [ErrUnavailable] by its status.
type ResponseError struct {
	Method string
	URL    string // without its query, which may hold a signature
	Status int
	Errors errcode.Errors // the registry's own words, if it had any
	// Authorized says that the request showed a credential, or a token that was
	// had for one.
	Authorized bool
	// Anonymous says that there was no credential to show. Where there was one, a
	// registry that does not ask for it is not shown it.
	Anonymous bool
	// Redirected says that this is the answer of another server, to which the
	// registry leads.
	Redirected bool
	// PlainToTLS says that this is what a server of https has to say to plain http.
	PlainToTLS bool
	// RetryAfter is how long the registry wants to be left alone, if it said so.
	RetryAfter time.Duration
	// ContentRange says, under a 416, how much there is: bytes */1000.
	ContentRange string
}

func (e *ResponseError) Error() string {
	msg := fmt.Sprintf("%s %s: %d %s", e.Method, e.URL, e.Status, http.StatusText(e.Status))
	if len(e.Errors) > 0 {
		msg += " (" + e.words() + ")"
	}
	if e.RetryAfter > 0 {
		msg += fmt.Sprintf(", to be asked again in %s", e.RetryAfter.Round(time.Second))
	}
	return msg
}

// words joins what the registry said, without the details, which repeat the
// request, and within bounds, since anything may stand there.
func (e *ResponseError) words() string {
	words := make([]string, 0, len(e.Errors))
	for _, err := range e.Errors {
		words = append(words, strings.Join(strings.Fields(err.Code+" "+err.Message), " "))
	}
	s := strings.Join(words, "; ")
	if len(s) > 300 {
		s = s[:300] + "…"
	}
	return strings.ToValidUTF8(s, "?")
}

// Is puts the status into one of the three kinds of failure.
func (e *ResponseError) Is(target error) bool { return target == statusKind(e.Status) }

// kindError gives an error one of the three kinds without changing its text.
type kindError struct {
	kind error
	err  error
}

func (e *kindError) Error() string   { return e.err.Error() }
func (e *kindError) Unwrap() []error { return []error{e.kind, e.err} }
