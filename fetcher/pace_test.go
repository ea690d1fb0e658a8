package fetcher

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hocker/fetcher/content"
	"hocker/fetcher/reference"
)

// limiter is a registry at every host. Those in quota allow that many requests, then
// refuse them until a second has passed.
type limiter struct {
	quota  map[string]int
	header map[string]string // of the refusals

	mu    sync.Mutex
	used  map[string]int
	until map[string]time.Time
	last  map[string]time.Time // of the last request
	asked map[string]int
}

func (l *limiter) RoundTrip(req *http.Request) (*http.Response, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	host := req.URL.Host
	l.asked[host]++
	l.last[host] = time.Now()
	most, limited := l.quota[host]
	if limited && !l.until[host].IsZero() && !time.Now().Before(l.until[host]) {
		l.used[host], l.until[host] = 0, time.Time{}
	}
	if l.used[host]++; limited && l.used[host] > most {
		if l.until[host].IsZero() {
			l.until[host] = time.Now().Add(time.Second)
		}
		return (&wire{pieces: []piece{{status: http.StatusTooManyRequests, header: l.header}}}).RoundTrip(req)
	}
	return (&wire{pieces: []piece{{header: map[string]string{"Docker-Content-Digest": string(helloDigest)}}}}).RoundTrip(req)
}

// askAll asks n manifests of each host, sixteen at a time for each, and returns the errors.
func askAll(ctx context.Context, c *Client, hosts []string, n int) (failed []error) {
	var group sync.WaitGroup
	var mu sync.Mutex
	for _, host := range hosts {
		slots := make(chan struct{}, 16)
		for range n {
			group.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				repo := reference.Repository{Registry: reference.Registry{Scheme: "https", Host: host}, Path: "org/app"}
				if _, err := c.ManifestHead(ctx, reference.Reference{Repository: repo, Tag: "1"}); err != nil {
					mu.Lock()
					defer mu.Unlock()
					failed = append(failed, err)
				}
			})
		}
	}
	group.Wait()
	return failed
}

// newLimiter returns a registry at every host.
func newLimiter(quota map[string]int, header map[string]string) *limiter {
	return &limiter{quota: quota, header: header, used: map[string]int{}, until: map[string]time.Time{}, last: map[string]time.Time{}, asked: map[string]int{}}
}

// A host that limits the rate of requests is asked again after its pause, one request at a
// time. It slows no other host, and the user is told once.
func TestPace(t *testing.T) {
	useRealPolicy(t)
	for _, after := range []map[string]string{{"Retry-After": "1"}, nil} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			l := newLimiter(map[string]int{"slow.example": 100}, after)
			told := &lineRecord{}
			failed := askAll(t.Context(), &Client{Transport: l, Notice: told.add}, []string{"slow.example", "fast.example"}, 1000)
			if len(failed) > 0 {
				t.Fatalf("%d failed: %v", len(failed), failed[0])
			}
			if took := l.last["fast.example"].Sub(start); took != 0 || l.asked["fast.example"] != 1000 {
				t.Errorf("the other host was asked %d times, for %s", l.asked["fast.example"], took)
			}
			// Nine pauses. Sixteen requests ran into the first one, one into each other.
			if extra := l.asked["slow.example"] - 1000; extra > 16+8+1 && after != nil || extra > 60 {
				t.Errorf("%d requests were refused", extra)
			}
			if after != nil && (len(told.lines) != 1 || !strings.HasPrefix(told.lines[0], "slow.example: 429 Too Many Requests, trying again in 1.0 s")) {
				t.Errorf("told %q", told.lines)
			}
		})
	}
}

// A challenge is no success: the pauses go on doubling.
func TestPaceOfChallenges(t *testing.T) {
	useRealPolicy(t)
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		c := paced{paces: &paces{}}
		for _, status := range []int{429, 401, 429, 401, 429, 401} {
			c.base = &wire{pieces: []piece{{status: status}}}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodHead, "https://slow.example/v2/", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := c.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
		}
		// 1, 2 and 4 times the least wait, each varied by a quarter.
		if took := time.Since(start); took < realPolicy.minWait*5 {
			t.Errorf("three refusals took %s, want seven times %s", took, realPolicy.minWait)
		}
	})
}

// When no pull is left for hours, the requests fail at once.
func TestUsedUp(t *testing.T) {
	useRealPolicy(t)
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		hub := map[string]string{"Ratelimit-Limit": "100;w=21600", "Ratelimit-Remaining": "0;w=21600"}
		l, told := newLimiter(map[string]int{"hub.example": 100}, hub), &lineRecord{}
		failed := askAll(t.Context(), &Client{Transport: l, Notice: told.add}, []string{"hub.example"}, 120)
		if len(failed) != 20 || !errors.Is(failed[0], content.ErrLimited) || !errors.Is(failed[0], content.ErrUnavailable) || l.asked["hub.example"] != 120 {
			t.Errorf("%d failed after %d requests: %v", len(failed), l.asked["hub.example"], failed)
		}
		if want := []string{"hub.example: 0 pulls are left; the limit is 100 in 6h"}; !slices.Equal(told.lines, want) {
			t.Errorf("told %q", told.lines)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("took %s", took)
		}
	})
}

// Requests that wait for the end of a pause end with their context.
func TestCancelInPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(90*time.Second, func() { cancel(errEnough) })
		l := newLimiter(map[string]int{"slow.example": 0}, map[string]string{"Retry-After": "60"})
		start := time.Now()
		failed := askAll(ctx, &Client{Transport: l}, []string{"slow.example"}, 16)
		if took := time.Since(start); len(failed) != 16 || took != 90*time.Second {
			t.Errorf("%d failed after %s", len(failed), took)
		}
		for _, err := range failed {
			if !errors.Is(err, errEnough) {
				t.Errorf("got %v", err)
			}
		}
	})
}

var pullsTests = []struct {
	limit, left string
	want        string // empty: none
	few         bool
}{
	{limit: "100;w=21600", left: "76;w=21600", want: "76 pulls are left; the limit is 100 in 6h"},
	{limit: "100;w=21600", left: "10;w=21600", want: "10 pulls are left; the limit is 100 in 6h"},
	{limit: "100;w=21600", left: "9;w=21600", want: "9 pulls are left; the limit is 100 in 6h", few: true},
	{limit: "200;w=600", left: "0;w=600", want: "0 pulls are left; the limit is 200 in 10m", few: true},
	{limit: "5;w=90", left: "0;w=90", want: "0 pulls are left; the limit is 5 in 1m30s", few: true},
	{limit: "0;w=60", left: "0;w=60"},
	{limit: "100", left: "9"},
	{limit: "100;w=21600"},
	{limit: "-1;w=1", left: "9;w=21600"},
	{limit: "100;w=99999999999", left: "9;w=21600"},
	{},
}

func TestPullsLeft(t *testing.T) {
	for _, tt := range pullsTests {
		header := http.Header{"Ratelimit-Limit": {tt.limit}, "Ratelimit-Remaining": {tt.left}}
		got, ok := pullsLeft(header)
		if ok != (tt.want != "") || ok && (got.String() != tt.want || got.few() != tt.few) {
			t.Errorf("%q: got %q, few %t, %t", tt.left, got, got.few(), ok)
		}
	}
}
