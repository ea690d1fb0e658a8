package fetcher

import (
	"errors"
	"fmt"
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

// kindError gives an error one of the three kinds without changing its text.
type kindError struct {
	kind error
	err  error
}

func (e *kindError) Error() string   { return e.err.Error() }
func (e *kindError) Unwrap() []error { return []error{e.kind, e.err} }
