package fetcher

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"oras.land/oras-go/v2/registry/remote/retry"
)

// retryPolicy is for requests that got no answer, or one that says to come
// back. What a registry refuses for good (400, 401, 403, 404) is never asked
// again.
var retryPolicy = retry.GenericPolicy{
	Retryable: retryable,
	Backoff:   retry.ExponentialBackoff(250*time.Millisecond, 2, 0.2),
	MinWait:   200 * time.Millisecond,
	MaxWait:   30 * time.Second,
	MaxRetry:  4,
}

// retrying retries the requests that base makes, and says so in a line each.
func retrying(base http.RoundTripper, notice func(string)) http.RoundTripper {
	transport := retry.NewTransport(base)
	transport.Policy = func() retry.Policy { return &noticedRetry{notice} }
	return transport
}

// noticedRetry is retryPolicy with a line for the user at each retry: in a
// build log, a pause without a reason looks like a hang.
type noticedRetry struct{ notice func(string) }

func (p *noticedRetry) Retry(attempt int, resp *http.Response, err error) (time.Duration, error) {
	wait, giveUp := retryPolicy.Retry(attempt, resp, err)
	if wait >= 0 && giveUp == nil && p.notice != nil {
		p.notice(fmt.Sprintf("%s, trying again in %.1f s (%d)", retryReason(resp, err), wait.Seconds(), attempt+1))
	}
	return wait, giveUp
}

func retryReason(resp *http.Response, err error) string {
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s: %d %s", resp.Request.URL.Host, resp.StatusCode, http.StatusText(resp.StatusCode))
}

func retryable(resp *http.Response, err error) (bool, error) {
	if err != nil {
		var dns *net.DNSError
		switch {
		case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
			return false, nil
		case errors.As(err, &dns):
			return !dns.IsNotFound, nil
		}
		return isConnectionError(err), nil
	}
	switch resp.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests,
		http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true, nil
	}
	return false, nil
}
