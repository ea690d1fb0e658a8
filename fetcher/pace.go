package fetcher

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// paces are the paces of hosts that limit the rate of requests. A host that has never
// said so is asked as fast as the caller likes, and slows no other host.
type paces struct {
	hosts  sync.Map // *pace by host
	notice func(line string)
}

func (p *paces) of(host string) *pace {
	known, _ := p.hosts.LoadOrStore(host, &pace{turn: make(chan struct{}, 1)})
	return known.(*pace)
}

// pace is how fast a host is asked. After its first 429 it gets one request at a time, so
// that at most one goes beyond its limit, and none before the end of the pause that it
// asked for.
type pace struct {
	turn chan struct{}

	mu     sync.Mutex
	slow   bool
	until  time.Time     // end of the pause
	again  int           // refusals since the last success
	told   time.Duration // the longest wait that was reported
	warned bool          // that few pulls are left
}

// wait waits until the host may be asked again. The caller must call done after the
// request.
func (p *pace) wait(ctx context.Context) (done func(), err error) {
	if !p.slowed() {
		return func() {}, nil
	}
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	done = func() { <-p.turn }
	for {
		p.mu.Lock()
		left := time.Until(p.until)
		p.mu.Unlock()
		if left <= 0 {
			return done, nil
		}
		select {
		case <-time.After(left):
		case <-ctx.Done():
			done()
			return nil, context.Cause(ctx)
		}
	}
}

func (p *pace) slowed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.slow
}

// limited notes that there were too many requests. The pause is the one that the response
// asks for, else it doubles with each refusal.
func (p *pace) limited(resp *http.Response) {
	p.mu.Lock()
	defer p.mu.Unlock()
	pause, _ := retryAfter(resp, time.Now())
	switch {
	case pause > maxRetryAfter, pause == 0 && usedUp(resp.Header):
		pause = 0 // the requests fail instead
	case pause == 0:
		pause = defaultRetryPolicy.backoff(p.again)
	}
	p.slow, p.again = true, p.again+1
	if until := time.Now().Add(pause); until.After(p.until) {
		p.until = until
	}
}

// allowed notes a success.
func (p *pace) allowed() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.again = 0
}

// isNews reports whether a wait is longer than those that were reported, and notes it.
func (p *pace) isNews(wait time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	news := wait > p.told
	p.told = max(p.told, wait)
	return news
}

// few notes that the host allows few more pulls. It reports whether that is news.
func (p *pace) few() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	news := !p.warned
	p.slow, p.warned = true, true
	return news
}

// paced sends requests at the pace of their hosts.
type paced struct {
	base  http.RoundTripper
	paces *paces
}

// RoundTrip implements [http.RoundTripper].
func (t paced) RoundTrip(req *http.Request) (*http.Response, error) {
	host := req.URL.Host
	p := t.paces.of(host)
	done, err := p.wait(req.Context())
	if err != nil {
		return nil, err
	}
	defer done()
	resp, err := t.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	after, _ := retryAfter(resp, time.Now())
	switch {
	case isLimit(resp.StatusCode, after):
		p.limited(resp)
	case resp.StatusCode < http.StatusBadRequest: // a 401 precedes each request that needs a token
		p.allowed()
	}
	if left, ok := pullsLeft(resp.Header); ok && left.few() && p.few() && t.paces.notice != nil {
		t.paces.notice(fmt.Sprintf("%s: %s", host, left))
	}
	return resp, nil
}

// pulls is how many pulls Docker Hub allows before the end of a window:
// https://docs.docker.com/docker-hub/usage/pulls/#view-pull-rate-and-limit
type pulls struct {
	left, limit uint64
	window      time.Duration
}

// few reports whether less than a tenth of the pulls are left.
func (p pulls) few() bool { return p.left < (p.limit+9)/10 }

func (p pulls) String() string {
	window := p.window.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(window, zero) {
			window = window[:len(window)-2]
		}
	}
	return fmt.Sprintf("%d pulls are left; the limit is %d in %s", p.left, p.limit, window)
}

// usedUp reports whether no pull is left, and waiting for the next one may take too long.
func usedUp(header http.Header) bool {
	p, ok := pullsLeft(header)
	return ok && p.left == 0 && p.window > maxRetryAfter
}

// pullsLeft parses the fields Ratelimit-Limit and Ratelimit-Remaining, such as
// "100;w=21600".
func pullsLeft(header http.Header) (p pulls, ok bool) {
	limit, window, ok := quota(header.Get("Ratelimit-Limit"))
	left, _, there := quota(header.Get("Ratelimit-Remaining"))
	return pulls{left, limit, window}, ok && there && limit > 0
}

func quota(field string) (n uint64, window time.Duration, ok bool) {
	count, rest, _ := strings.Cut(field, ";")
	n, err := strconv.ParseUint(count, 10, 32)
	if err != nil {
		return 0, 0, false
	}
	seconds, err := strconv.ParseUint(strings.TrimPrefix(rest, "w="), 10, 31)
	return n, time.Duration(seconds) * time.Second, err == nil
}
