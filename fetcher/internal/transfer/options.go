package transfer

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"hocker/fetcher/bytecount"
)

// Options says how hard to try. The zero value of each field means its default.
type Options struct {
	// Name is what messages call the content: "layer 4f4fb700ef54".
	Name string
	// From is how much of the content the file has already; ToFile hashes that
	// and fetches the rest.
	From int64
	// Stall is how long no byte may come before a connection counts as lost.
	// Default: 30 s.
	Stall time.Duration
	// Attempts is how often in a row a connection may be lost without a byte
	// of progress in between. Default: 8, which is a minute.
	Attempts int
	// MinWait and MaxWait bound the pause before an attempt, which doubles
	// each time. Defaults: 0.25 s and 30 s.
	MinWait, MaxWait time.Duration
	// ParallelFrom is the size from which several connections are used.
	// Default: 16 MiB.
	ParallelFrom int64
	// Retryable reports whether an error of the source's Open may be gone after
	// a while; nil means that none is.
	Retryable func(error) bool
	// Pause is how long an error asks to be left alone; nil means not at all.
	Pause func(error) time.Duration
	// Slots are the connections that may be open to a host at a time, shared by
	// all transfers from it; nil means one for each transfer.
	Slots Slots
	// Notice is told of each interruption, in a line; nil means nobody is.
	Notice func(line string)
}

// Slots is a stock of connections.
type Slots chan struct{}

// wait takes a connection as soon as there is one.
func (s Slots) wait(ctx context.Context) error {
	if s == nil {
		return nil
	}
	select {
	case s <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// NewSlots returns a stock of n connections.
func NewSlots(n int) Slots { return make(Slots, n) }

// take reports whether there was a connection left, and takes it.
func (s Slots) take() bool {
	select {
	case s <- struct{}{}:
		return true
	default:
		return false
	}
}

func (s Slots) give() {
	if s != nil {
		<-s
	}
}

const (
	defaultStall        = 30 * time.Second
	defaultAttempts     = 8
	defaultMinWait      = 250 * time.Millisecond
	defaultMaxWait      = 30 * time.Second
	defaultParallelFrom = 16 << 20
)

func orDefault[T int | int64 | time.Duration](v, otherwise T) T {
	if v <= 0 {
		return otherwise
	}
	return v
}

func (o *Options) stall() time.Duration { return orDefault(o.Stall, defaultStall) }

func (o *Options) retryable(err error) bool { return o.Retryable != nil && o.Retryable(err) }

// trouble counts what goes wrong without progress in between.
type trouble struct {
	options *Options
	count   int // since the last byte
	total   int // for the messages
}

func (t *trouble) progress() { t.count = 0 }

// again waits before the next attempt, or returns cause if there is to be none.
func (t *trouble) again(ctx context.Context, cause error, at, size int64) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if t.count++; t.count > orDefault(t.options.Attempts, defaultAttempts) {
		return fmt.Errorf("connection lost at %s: %w", place(at, size), cause)
	}
	t.total++
	if t.options.Notice != nil {
		t.options.Notice(fmt.Sprintf("%s: %v at %s, resuming (%d)", t.options.Name, cause, place(at, size), t.total))
	}
	timer := time.NewTimer(t.wait(cause))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// wait doubles with each attempt, give or take a quarter, so that clients that
// were cut off together do not come back together.
func (t *trouble) wait(cause error) time.Duration {
	least, most := orDefault(t.options.MinWait, defaultMinWait), orDefault(t.options.MaxWait, defaultMaxWait)
	d := min(least<<min(t.count-1, 20), most)
	d = d*3/4 + rand.N(d/2+1)
	if t.options.Pause != nil {
		d = max(d, t.options.Pause(cause))
	}
	return d
}

func place(at, size int64) string {
	if size < 0 {
		return bytecount.Format(at)
	}
	return fmt.Sprintf("%s of %s", bytecount.Format(at), bytecount.Format(size))
}
