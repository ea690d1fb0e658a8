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

// retryPolicy applies to requests without a response, or with a status that may be
// temporary. Other statuses, such as 400, 401, 403 and 404, are not retried.
type retryPolicy struct {
	attempts         int           // after the first one
	minWait, maxWait time.Duration // the wait doubles from minWait to maxWait
	// maxRetryAfter is the longest wait that a server may ask for. If it asks for
	// more, the request fails.
	maxRetryAfter time.Duration
}

var defaultRetryPolicy = retryPolicy{
	attempts:      5,
	minWait:       250 * time.Millisecond,
	maxWait:       30 * time.Second,
	maxRetryAfter: 2 * time.Minute,
}

// retrying returns a transport that retries the requests of base, with a notice for
// each retry.
func retrying(base http.RoundTripper, notice func(string)) http.RoundTripper {
	transport := retry.NewTransport(base)
	transport.Policy = func() retry.Policy { return &noticedRetry{defaultRetryPolicy, notice} }
	return transport
}

// noticedRetry reports each retry: in a build log, a pause without a reason looks
// like a hang.
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

// backoff returns a wait that doubles with each attempt and varies by a quarter, so
// that clients that failed together do not retry together.
func (p *retryPolicy) backoff(attempt int) time.Duration {
	wait := min(p.minWait<<min(attempt, 20), p.maxWait)
	return wait*3/4 + rand.N(wait/2+1)
}

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
		case errors.As(err, new(*ReachError)):
			return false
		// Not errors.Is: it also matches the timeouts of net/http, which are worth a
		// retry.
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
