package engine

import (
	"context"
	"sync"
)

// turns orders the layers that are sent at the same time: only the lowest one goes on.
//
// podman reads several layers at a time, but unpacks one after another, from the bottom.
// In this order it unpacks a layer while the next one arrives. Otherwise all layers arrive
// before it has the first one to unpack.
type turns struct {
	mu     sync.Mutex
	change chan struct{} // closed when a layer has been sent
	open   map[int]int   // numbers of requests, by the layer's position
}

func newTurns() *turns {
	return &turns{change: make(chan struct{}), open: map[int]int{}}
}

// begin announces that a layer is sent. The caller calls end when it is.
func (t *turns) begin(layer int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.open[layer]++
}

func (t *turns) end(layer int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open[layer]--; t.open[layer] == 0 {
		delete(t.open, layer)
	}
	close(t.change)
	t.change = make(chan struct{})
}

// wait returns when no lower layer is sent, or ctx is done.
func (t *turns) wait(ctx context.Context, layer int) error {
	for {
		change, first := t.first(layer)
		if first {
			return ctx.Err()
		}
		select {
		case <-change:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// first reports whether a layer is the lowest one. If not, that may be otherwise once the
// channel is closed.
func (t *turns) first(layer int) (change <-chan struct{}, first bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for other := range t.open {
		if other < layer {
			return t.change, false
		}
	}
	return nil, true
}
