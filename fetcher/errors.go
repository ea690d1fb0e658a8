package fetcher

import "fmt"

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

// kindError adds one of the kinds to an error and keeps its text.
type kindError struct {
	kind error
	err  error
}

func (e *kindError) Error() string   { return e.err.Error() }
func (e *kindError) Unwrap() []error { return []error{e.kind, e.err} }
