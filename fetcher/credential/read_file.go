package credential

import (
	"context"
	"os"
)

// readFile reads a file until ctx ends. The user's settings may name a pipe, and a read
// from a pipe cannot be cancelled: its goroutine is then left behind.
func readFile(ctx context.Context, path string) ([]byte, error) {
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		data, err := os.ReadFile(path)
		done <- result{data, err}
	}()
	select {
	case r := <-done:
		return r.data, r.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
