package content

import (
	"errors"
	"fmt"
)

// What a failed fetch comes down to. Every error that a client returns for
// the registry's side of a failure is one of these under [errors.Is].
var (
	// ErrDenied: the registry or its token service refused, with or without
	// credentials (401, 403, no credentials where some are needed).
	ErrDenied = errors.New("access denied")
	// ErrNotFound: there is no such repository, tag, manifest or blob.
	ErrNotFound = errors.New("not found")
	// ErrUnavailable: the registry cannot be reached, or keeps failing.
	ErrUnavailable = errors.New("unavailable")
	// ErrUnreachable: the registry gives no answer at all, which goes for all
	// else in it. It is ErrUnavailable, too.
	ErrUnreachable = fmt.Errorf("unreachable: %w", ErrUnavailable)
)
