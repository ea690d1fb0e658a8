package fetcher

import (
	"net/http"

	"hocker/fetcher/content"
)

// statusKind returns the kind of failure that a status stands for, or nil.
func statusKind(status int) error {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return content.ErrDenied
	case status == http.StatusNotFound, status == http.StatusGone:
		return content.ErrNotFound
	case status == http.StatusTooManyRequests:
		return content.ErrLimited
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status >= 500:
		return content.ErrUnavailable
	}
	return nil
}

// unreachable reports whether a kind of failure means that the registry did not
// respond.
func unreachable(kind error) bool {
	return kind == content.ErrUnreachable || kind == content.ErrUnavailable
}

// retryableStatus reports whether the same request may succeed later.
func retryableStatus(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests,
		http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}
