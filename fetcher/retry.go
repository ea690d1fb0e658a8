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

// retrying returns a transport that retries the requests of base at the pace of their
// hosts, with a notice for each retry.
func retrying(base http.RoundTripper, paces *paces) http.RoundTripper {
	transport := retry.NewTransport(paced{base, paces})
	transport.Policy = func() retry.Policy { return &noticedRetry{defaultRetryPolicy, paces} }
	return transport
}

// noticedRetry reports each retry: in a build log, a pause without a reason looks
// like a hang. That a host limits the rate of requests is reported once, since all
// requests to it wait.
type noticedRetry struct {
	retryPolicy
	paces *paces
}

// Retry implements retry.Policy.
func (p *noticedRetry) Retry(attempt int, resp *http.Response, err error) (time.Duration, error) {
	if attempt >= p.attempts || !retryable(resp, err) {
		return -1, nil
	}
	wait := p.backoff(attempt)
	asked, ok := retryAfter(resp, time.Now())
	limited := err == nil && isLimit(resp.StatusCode, asked)
	switch {
	case asked > maxRetryAfter:
		return -1, nil
	case ok:
		wait = max(asked, wait)
	case limited && usedUp(resp.Header):
		return -1, nil
	}
	if p.paces.notice != nil && (!limited || p.paces.of(resp.Request.URL.Host).isNews(wait)) {
		p.paces.notice(fmt.Sprintf("%s, trying again in %.1f s (%d)", retryReason(resp, err), wait.Seconds(), attempt+1))
	}
	return wait, nil
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
	after, _ := retryAfter(resp, time.Now())
	return retryableStatus(resp.StatusCode) || isLimit(resp.StatusCode, after)
}
