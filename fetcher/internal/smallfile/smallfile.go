// Package smallfile reads files that should be small and may be anything: a device, a
// pipe that nobody writes to, a disk image.
package smallfile

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"

	"hocker/fetcher/bytecount"
)

// TooLargeError is returned for a file that is larger than the limit.
type TooLargeError struct{ Limit int64 }

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("it is larger than %s, the limit for such a file", bytecount.Format(e.Limit))
}

// Read reads the file at path, of at most limit bytes, until ctx ends. A read from a pipe
// cannot be interrupted: its goroutine is then left behind.
//
// Errors: *[fs.PathError], which wraps a *[TooLargeError] if the file is too large.
func Read(ctx context.Context, path string, limit int64) ([]byte, error) {
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		data, err := read(path, limit)
		done <- result{data, err}
	}()
	select {
	case r := <-done:
		return r.data, r.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func read(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = &fs.PathError{Op: "read", Path: path, Err: &TooLargeError{limit}}
	}
	if err != nil {
		return nil, err
	}
	return data, nil
}
