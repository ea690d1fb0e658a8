package transfer

import (
	"context"
	"time"
)

// The number of connections grows by a factor of four, as long as the last step
// made the transfer faster.
const (
	growth = 4
	// fastEnough is the rate, in bytes per second, from which the hash and the disk
	// are the bottleneck rather than the link.
	fastEnough = 250e6
	// A server that responds within nearby fills the link with one connection,
	// unless it throttles. A rate below fastEnough then most likely means that other
	// transfers use the CPU. Only up to throttled, more connections are tried.
	nearby    = 20 * time.Millisecond
	throttled = 50e6
	// settleTime is how long new connections may take to deliver: a few
	// intercontinental round trips.
	settleTime = 500 * time.Millisecond
	// sampleTime is the time over which a rate is measured.
	sampleTime = 20 * time.Millisecond
	// worthwhile is the speedup that a step must bring for another one to follow.
	worthwhile = 1.2
)

// grow adds connections while they make the transfer faster. add returns false if
// none is available at the moment.
func (t *fileTransfer) grow(ctx context.Context, add func() bool) {
	before := t.rate(ctx)
	if t.answered < nearby && before > throttled {
		return
	}
	for n := 1; before > 0 && before < fastEnough; {
		added := 0
		for added < n*(growth-1) && !t.isRefused() && add() {
			added++
		}
		if t.isRefused() {
			return
		}
		if added == 0 {
			// Other transfers use all connections. Try again later.
			if before = t.rate(ctx); t.segments.isBusy() {
				continue
			}
			return
		}
		// New connections deliver only after their handshakes, so sample the rate
		// until it has grown or settleTime is over.
		deadline := time.Now().Add(settleTime)
		now := t.rate(ctx)
		for now > 0 && now < before*worthwhile && time.Now().Before(deadline) {
			now = t.rate(ctx)
		}
		if now < before*worthwhile {
			return
		}
		before = now
		n += added
	}
}

func (t *fileTransfer) isRefused() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.refused
}

// rate measures the bytes received per second over sampleTime. It returns 0 if the
// transfer has ended.
func (t *fileTransfer) rate(ctx context.Context) float64 {
	start, from := time.Now(), t.arrived.Load()
	timer := time.NewTimer(sampleTime)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return 0
	case <-timer.C:
	}
	return max(float64(t.arrived.Load()-from)/time.Since(start).Seconds(), 1)
}
