package fetcher

import (
	"errors"
	"net/http"
	"strconv"
	"time"
)

// maxRetryAfter is the longest wait that a server may ask for. If it asks for more, the
// request fails.
const maxRetryAfter = 2 * time.Minute

// retryAfter parses the Retry-After field, which holds seconds or a date.
// https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
func retryAfter(resp *http.Response, now time.Time) (time.Duration, bool) {
	if resp == nil {
		return 0, false
	}
	value := resp.Header.Get("Retry-After")
	seconds, err := strconv.ParseUint(value, 10, 31)
	if err == nil || errors.Is(err, strconv.ErrRange) { // on overflow, seconds is the maximum
		return time.Duration(seconds) * time.Second, true
	}
	if date, err := http.ParseTime(value); err == nil {
		return max(date.Sub(now), 0), true
	}
	return 0, false
}
