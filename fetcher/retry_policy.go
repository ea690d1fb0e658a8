package fetcher

import (
	"math/rand/v2"
	"time"
)

// retryPolicy applies to requests without a response, or with a status that may be
// temporary. Other statuses, such as 400, 401, 403 and 404, are not retried.
type retryPolicy struct {
	attempts         int           // after the first one
	minWait, maxWait time.Duration // the wait doubles from minWait to maxWait
}

var defaultRetryPolicy = retryPolicy{
	attempts: 5,
	minWait:  250 * time.Millisecond,
	maxWait:  30 * time.Second,
}

// backoff returns a wait that doubles with each attempt and varies by a quarter, so
// that clients that failed together do not retry together.
func (p *retryPolicy) backoff(attempt int) time.Duration {
	wait := min(p.minWait<<min(attempt, 20), p.maxWait)
	return wait*3/4 + rand.N(wait/2+1)
}
