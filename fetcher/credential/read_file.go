package credential

import (
	"context"
	"os"
)

// readFile reads a file that somebody's settings name, until ctx ends: it may be
// a pipe, which nothing can stop waiting for. The read is then left behind.
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
