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
	// It also counts as lost if it is slower than [MinRate] over twice that time.
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

// MinRate is the rate, in bytes per second, below which a connection counts as lost.
// A GPRS link of 4 KiB a second delivers more even if 64 connections share it, eight
// for each of eight builds. A server that drips a byte a second delivers less.
const MinRate = 64

// slowTime is the time over which the rate is measured: a minute by default. Whoever
// allows longer pauses allows lower rates.
func slowTime(stall time.Duration) time.Duration { return 2 * stall }

// enough is the number of bytes that a connection must deliver within slowTime.
func enough(stall time.Duration) int64 { return int64(slowTime(stall).Seconds() * MinRate) }

func (o *Options) stall() time.Duration { return orDefault(o.Stall, defaultStall) }

func (o *Options) retryable(err error) bool { return o.Retryable != nil && o.Retryable(err) }

// trouble counts losses without progress in between.
type trouble struct {
	options *Options
	got     int64 // bytes from this connection
	count   int   // since the last progress
	total   int   // for messages
}

// progress records that a connection delivered n bytes. A few bytes are no progress:
// otherwise a server could hold a transfer for ever, a byte for each connection.
func (t *trouble) progress(n int) {
	if t.got += int64(n); t.got >= enough(t.options.stall()) {
		t.count = 0
	}
}

// again waits before the next attempt, or returns cause if no attempt is left.
func (t *trouble) again(ctx context.Context, cause error, at, size int64) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	t.got = 0
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
