package fetcher

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"

	"oras.land/oras-go/v2/registry/remote/retry"
)

// retryPolicy is for requests that got no answer, or one that says to come
// back. What a registry refuses for good (400, 401, 403, 404) is never asked
// again.
type retryPolicy struct {
	attempts         int           // after the first one
	minWait, maxWait time.Duration // the pause doubles from the one to the other
	// maxRetryAfter is how long a server may ask to wait. One that wants more
	// is given up, with the reason.
	maxRetryAfter time.Duration
}

var defaultRetryPolicy = retryPolicy{
	attempts:      5,
	minWait:       250 * time.Millisecond,
	maxWait:       30 * time.Second,
	maxRetryAfter: 2 * time.Minute,
}

// retrying retries the requests that base makes, and says so in a line each.
func retrying(base http.RoundTripper, notice func(string)) http.RoundTripper {
	transport := retry.NewTransport(base)
	transport.Policy = func() retry.Policy { return &noticedRetry{defaultRetryPolicy, notice} }
	return transport
}

// noticedRetry has a line for the user at each retry: in a build log, a pause
// without a reason looks like a hang.
type noticedRetry struct {
	retryPolicy
	notice func(string)
}

// Retry implements retry.Policy.
func (p *noticedRetry) Retry(attempt int, resp *http.Response, err error) (time.Duration, error) {
	if attempt >= p.attempts || !retryable(resp, err) {
		return -1, nil
	}
	wait := p.backoff(attempt)
	if asked, ok := retryAfter(resp, time.Now()); ok {
		if asked > p.maxRetryAfter {
			return -1, nil
		}
		wait = max(asked, wait)
	}
	if p.notice != nil {
		p.notice(fmt.Sprintf("%s, trying again in %.1f s (%d)", retryReason(resp, err), wait.Seconds(), attempt+1))
	}
	return wait, nil
}

// backoff doubles with each attempt, give or take a quarter, so that clients
// that were turned away together do not come back together.
func (p *retryPolicy) backoff(attempt int) time.Duration {
	wait := min(p.minWait<<min(attempt, 20), p.maxWait)
	return wait*3/4 + rand.N(wait/2+1)
}

// retryAfter reads how long a server asks to wait, in seconds or until a date.
// https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
func retryAfter(resp *http.Response, now time.Time) (time.Duration, bool) {
	if resp == nil {
		return 0, false
	}
	value := resp.Header.Get("Retry-After")
	seconds, err := strconv.ParseUint(value, 10, 31)
	if err == nil || errors.Is(err, strconv.ErrRange) { // the most there is, then
		return time.Duration(seconds) * time.Second, true
	}
	if date, err := http.ParseTime(value); err == nil {
		return max(date.Sub(now), 0), true
	}
	return 0, false
}

func retryReason(resp *http.Response, err error) string {
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s: %d %s", resp.Request.URL.Host, resp.StatusCode, http.StatusText(resp.StatusCode))
}

func retryable(resp *http.Response, err error) bool {
	if err != nil {
		var dns *net.DNSError
		var proxy *ProxyError
		switch {
		// Not errors.Is: net/http's own time-outs are that too, and worth another try.
		case errors.Is(err, context.Canceled), err == context.DeadlineExceeded:
			return false
		case errors.As(err, &dns):
			return !dns.IsNotFound
		case errors.As(err, &proxy) && proxy.Status != 0:
			return retryableStatus(proxy.Status)
		}
		return isConnectionError(err)
	}
	return retryableStatus(resp.StatusCode)
}
