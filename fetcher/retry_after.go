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

// unixTime is the number of seconds in a Retry-After field from which on they are a time:
// Docker Hub has sent one. https://github.com/docker/hub-feedback/issues/2459
const unixTime = 100_000_000

// isLimit reports whether a response says that there were too many requests. GitHub also
// says so with 403. https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
func isLimit(status int, after time.Duration) bool {
	return status == http.StatusTooManyRequests || status == http.StatusForbidden && after > 0
}

// retryAfter parses the Retry-After field, which holds seconds or a date.
// https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
func retryAfter(resp *http.Response, now time.Time) (time.Duration, bool) {
	if resp == nil {
		return 0, false
	}
	value := resp.Header.Get("Retry-After")
	seconds, err := strconv.ParseUint(value, 10, 31)
	if err == nil && seconds >= unixTime {
		return max(time.Unix(int64(seconds), 0).Sub(now), 0), true
	}
	if err == nil || errors.Is(err, strconv.ErrRange) { // on overflow, seconds is the maximum
		return time.Duration(seconds) * time.Second, true
	}
	if date, err := http.ParseTime(value); err == nil {
		return max(date.Sub(now), 0), true
	}
	return 0, false
}
