package fetcher

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hocker/fetcher/content"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// useRealPolicy makes retries wait as they do outside of tests.
func useRealPolicy(t *testing.T) {
	t.Helper()
	quick := defaultRetryPolicy
	defaultRetryPolicy.minWait, defaultRetryPolicy.maxWait = realPolicy.minWait, realPolicy.maxWait
	t.Cleanup(func() { defaultRetryPolicy = quick })
}

func after(s string) map[string]string { return map[string]string{"Retry-After": s} }

// asked is the number of requests; least and most bound the total wait.
var waitTests = []struct {
	name        string
	pieces      []piece
	asked       int
	least, most time.Duration
	err         bool
}{
	{name: "at once", pieces: []piece{{body: "hello"}}, asked: 1},
	{name: "doubling", pieces: []piece{{status: 503}, {status: 503}, {status: 503}, {body: "hello"}}, asked: 4, least: 1312 * time.Millisecond, most: 2188 * time.Millisecond},
	{name: "given up", pieces: []piece{{status: 503}}, asked: 6, least: 5812 * time.Millisecond, most: 9688 * time.Millisecond, err: true},
	{name: "Retry-After", pieces: []piece{{status: 429, header: after("7")}, {body: "hello"}}, asked: 2, least: 7 * time.Second, most: 7 * time.Second},
	{name: "Retry-After with a 503", pieces: []piece{{status: 503, header: after("120")}, {body: "hello"}}, asked: 2, least: 2 * time.Minute, most: 2 * time.Minute},
	{name: "until a date", pieces: []piece{{status: 429, header: after("Sat, 01 Jan 2000 00:01:00 GMT")}, {body: "hello"}}, asked: 2, least: time.Minute, most: time.Minute},
	{name: "until a date that is over", pieces: []piece{{status: 429, header: after("Sat, 01 Jan 1999 00:01:00 GMT")}, {body: "hello"}}, asked: 2, least: 187 * time.Millisecond, most: 313 * time.Millisecond},
	{name: "Retry-After: 0", pieces: []piece{{status: 429, header: after("0")}, {body: "hello"}}, asked: 2, least: 187 * time.Millisecond, most: 313 * time.Millisecond},
	{name: "until a time of Docker Hub", pieces: []piece{{status: 429, header: after("946684860")}, {body: "hello"}}, asked: 2, least: time.Minute, most: time.Minute},
	{name: "too many requests for GitHub", pieces: []piece{{status: 403, header: after("7")}, {body: "hello"}}, asked: 2, least: 7 * time.Second, most: 7 * time.Second},
	{name: "not allowed", pieces: []piece{{status: 403, header: after("0")}, {body: "hello"}}, asked: 1, err: true},
	{name: "more than the limit", pieces: []piece{{status: 429, header: after("121")}, {body: "hello"}}, asked: 1, err: true},
	{name: "nonsense", pieces: []piece{{status: 429, header: after("soon")}, {body: "hello"}}, asked: 2, least: 187 * time.Millisecond, most: 313 * time.Millisecond},
}

// Time in a synctest bubble starts at midnight UTC on 1 January 2000.
func TestWaits(t *testing.T) {
	useRealPolicy(t)
	for _, tt := range waitTests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				w := &wire{pieces: tt.pieces}
				_, err := fetchHello(t, &Client{Transport: w}, farApp)
				if waited := time.Since(start); waited < tt.least || waited > tt.most {
					t.Errorf("waited %v, want %v to %v", waited, tt.least, tt.most)
				}
				if (err != nil) != tt.err || len(w.asked) != tt.asked {
					t.Errorf("%d requests, %v, want %d", len(w.asked), err, tt.asked)
				}
			})
		})
	}
}

// The error states a Retry-After above the limit.
func TestLongRetryAfter(t *testing.T) {
	w := &wire{pieces: []piece{{status: 429, header: after("3600")}}}
	if _, err := fetchHello(t, &Client{Transport: w}, farApp); !errors.Is(err, content.ErrUnavailable) || !strings.Contains(err.Error(), "3600") && !strings.Contains(err.Error(), "1h") {
		t.Errorf("got %v", err)
	}
}

func TestLimitOfGitHub(t *testing.T) {
	w := &wire{pieces: []piece{{status: 403, header: after("3600")}}}
	if _, err := fetchHello(t, &Client{Transport: w}, farApp); !errors.Is(err, content.ErrLimited) || errors.Is(err, content.ErrDenied) {
		t.Errorf("got %v", err)
	}
}

func TestCancelInWait(t *testing.T) {
	useRealPolicy(t)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		start := time.Now()
		c := &Client{Transport: &wire{pieces: []piece{{status: 503, header: after("100")}}}, Notice: func(string) {
			time.AfterFunc(time.Second, func() { cancel(errEnough) })
		}}
		_, err := c.Blob(ctx, farApp, ocispec.Descriptor{Digest: helloDigest})
		failure{text: "blob of registry.example/org/app@" + string(helloDigest) + ": enough"}.check(t, err)
		if waited := time.Since(start); waited != time.Second {
			t.Errorf("waited %v", waited)
		}
	})
}

var retryableTests = []struct {
	name   string
	err    error
	status int
	want   bool
}{
	{name: "unknown host", err: &net.DNSError{IsNotFound: true}},
	{name: "DNS timeout", err: &net.DNSError{IsTimeout: true}, want: true},
	{name: "refused", err: &net.OpError{Op: "dial", Err: errors.New("connection refused")}, want: true},
	{name: "cancelled", err: fmt.Errorf("x: %w", context.Canceled)},
	{name: "deadline", err: context.DeadlineExceeded},
	{name: "certificate", err: errors.New("x509: certificate signed by unknown authority")},
	{name: "too early", status: http.StatusTooEarly, want: true},
	{name: "not implemented", status: http.StatusNotImplemented},
	{name: "not found", status: http.StatusNotFound},
	{name: "unauthorized", status: http.StatusUnauthorized},
}

func TestRetryable(t *testing.T) {
	for _, tt := range retryableTests {
		t.Run(tt.name, func(t *testing.T) {
			if got := retryable(&http.Response{StatusCode: tt.status}, tt.err); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
