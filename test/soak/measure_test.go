package soak

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"
)

// measure is what the process has.
type measure struct {
	goroutines, files int
	heap              uint64 // in bytes
}

func take() measure {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // empties the pools
	runtime.ReadMemStats(&m)
	files, _ := os.ReadDir("/proc/self/fd") // none outside of Linux
	return measure{runtime.NumGoroutine(), len(files), m.HeapAlloc}
}

func (m measure) String() string {
	return fmt.Sprintf("%d goroutines, %d files, %.1f MB", m.goroutines, m.files, float64(m.heap)/1e6)
}

// within reports whether m is no more than before, and the heap has not grown by more than
// slack bytes.
func (m measure) within(before measure, slack uint64) bool {
	return m.goroutines <= before.goroutines && m.files <= before.files && m.heap <= before.heap+slack
}

// patience is how long connections may take to end on a slow machine.
const patience = time.Minute

// await waits until the process has no more than before.
func await(t *testing.T, before measure, slack uint64) measure {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		now := take()
		if now.within(before, slack) {
			return now
		}
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Errorf("at the end: %v\nat the start: %v\n%s", now, before, stacks[:runtime.Stack(stacks, true)])
			return now
		}
		time.Sleep(20 * time.Millisecond)
	}
}
