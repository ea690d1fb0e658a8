package transfer

import (
	"context"
	"time"
)

// How the number of connections grows: each time the last ones have made the
// whole faster, there are four times as many.
const (
	growth = 4
	// fastEnough is a rate, in bytes per second, at which the link is not what
	// takes the time, but the hash and the disk.
	fastEnough = 250e6
	// A server that answers within nearby fills its link with one connection,
	// unless it is throttled. If that is no faster than fastEnough, it is most
	// likely other transfers that take the processor's time; up to throttled,
	// more connections are tried all the same.
	nearby    = 20 * time.Millisecond
	throttled = 50e6
	// settleTime is how long new connections may take to deliver: a few round
	// trips around the world.
	settleTime = 500 * time.Millisecond
	// sampleTime is how long a rate is measured.
	sampleTime = 20 * time.Millisecond
	// worthwhile is how much faster more connections must be to go on.
	worthwhile = 1.2
)

// grow adds connections while they make the transfer faster. add returns false
// if there is none to be had at the moment.
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
			// Other transfers have all connections: they end some time.
			if before = t.rate(ctx); t.segments.isBusy() {
				continue
			}
			return
		}
		// The new ones deliver when their handshakes are done: the rate is
		// looked at until it has grown, for a while.
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

// rate measures for a moment how many bytes come, per second; 0 if the transfer
// ended.
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
