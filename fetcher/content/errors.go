package content

import (
	"errors"
	"fmt"
)

// The kinds of failure. Every error of a client that is caused by the registry
// matches one of these under [errors.Is].
var (
	// ErrDenied: the registry or its token service denied access, with or without
	// a credential (401, 403, or a credential is required and none is known).
	ErrDenied = errors.New("access denied")
	// ErrNotFound: the repository, tag, manifest or blob does not exist.
	ErrNotFound = errors.New("not found")
	// ErrUnavailable: the registry cannot be reached or keeps failing.
	ErrUnavailable = errors.New("unavailable")
	// ErrUnreachable: the registry does not respond at all, so other requests to it
	// would fail as well. It matches ErrUnavailable, too.
	ErrUnreachable = fmt.Errorf("unreachable: %w", ErrUnavailable)
	// ErrLimited: the registry allows no more requests for now (429), so it would refuse
	// others as well. It matches ErrUnavailable, too.
	ErrLimited = fmt.Errorf("too many requests: %w", ErrUnavailable)
)
