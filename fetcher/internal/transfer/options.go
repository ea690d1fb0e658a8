package transfer

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"hocker/fetcher/bytecount"
)

// Options configures a transfer. The zero value of each field means its default.
type Options struct {
	// Name is the name of the content in messages, such as "layer 4f4fb700ef54".
	Name string
	// From is the number of bytes that the file already holds. ToFile passes them
	// to its writer and fetches the rest.
	From int64
	// Stall is how long a connection may deliver nothing before it counts as lost.
	// Default: 30 s.
	Stall time.Duration
	// Attempts is how many times in a row a connection may be lost without
	// progress. Default: 8, which takes about a minute.
	Attempts int
	// MinWait and MaxWait bound the wait before an attempt, which doubles each
	// time. Defaults: 0.25 s and 30 s.
	MinWait, MaxWait time.Duration
	// ParallelFrom is the size from which several connections are used.
	// Default: 16 MiB.
	ParallelFrom int64
	// Retryable reports whether an error of Source.Open may be temporary; nil means
	// that none is.
	Retryable func(error) bool
	// Pause returns the wait that an error asks for; nil means none.
	Pause func(error) time.Duration
	// Slots limits the connections to a host, and is shared by all transfers from
	// it; nil means one connection for each transfer.
	Slots Slots
	// Notice is called with one line for each interruption; it may be nil.
	Notice func(line string)
}

// Slots is a semaphore for connections.
type Slots chan struct{}

// wait acquires a slot, and blocks until one is free.
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

// NewSlots returns a semaphore with n slots.
func NewSlots(n int) Slots { return make(Slots, n) }

// take acquires a slot if one is free, and reports whether it did.
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

// trouble counts losses without progress in between.
type trouble struct {
	options *Options
	count   int // since the last progress
	total   int // for messages
}

func (t *trouble) progress() { t.count = 0 }

// again waits before the next attempt, or returns cause if no attempt is left.
func (t *trouble) again(ctx context.Context, cause error, at, size int64) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if t.count++; t.count > orDefault(t.options.Attempts, defaultAttempts) {
		return fmt.Errorf("connection lost at %s: %w", position(at, size), cause)
	}
	t.total++
	if t.options.Notice != nil {
		t.options.Notice(fmt.Sprintf("%s: %v at %s, resuming (%d)", t.options.Name, cause, position(at, size), t.total))
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

// wait returns a wait that doubles with each attempt and varies by a quarter, so
// that clients that were cut off together do not retry together.
func (t *trouble) wait(cause error) time.Duration {
	least, most := orDefault(t.options.MinWait, defaultMinWait), orDefault(t.options.MaxWait, defaultMaxWait)
	d := min(least<<min(t.count-1, 20), most)
	d = d*3/4 + rand.N(d/2+1)
	if t.options.Pause != nil {
		d = max(d, t.options.Pause(cause))
	}
	return d
}

func position(at, size int64) string {
	if size < 0 {
		return bytecount.Format(at)
	}
	return fmt.Sprintf("%s of %s", bytecount.Format(at), bytecount.Format(size))
}
