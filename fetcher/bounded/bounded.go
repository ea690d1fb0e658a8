// Package bounded reads what should be small and may be anything: a file that is a device,
// a pipe that nobody writes to, or a disk image; the answer of an engine; the output of a
// program.
package bounded

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"

	"hocker/fetcher/bytecount"
)

// TooLargeError is returned for what is larger than the limit.
type TooLargeError struct {
	Limit int64  // in bytes
	What  string // what the limit is for: "a manifest"
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("it is larger than %s, the limit for %s", bytecount.Format(e.Limit), e.What)
}

// Read reads what r has, at most limit bytes. It is called what in the error.
//
// Errors: *[TooLargeError], those of r.
func Read(r io.Reader, limit int64, what string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = &TooLargeError{limit, what}
	}
	if err != nil {
		return nil, err
	}
	return data, nil
}

// ReadFile reads the file at path as Read does, until ctx ends. A read from a pipe cannot
// be interrupted: its goroutine is then left behind.
//
// Errors: *[fs.PathError], which wraps a *[TooLargeError] if the file is too large.
func ReadFile(ctx context.Context, path string, limit int64, what string) ([]byte, error) {
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		data, err := readFile(path, limit, what)
		done <- result{data, err}
	}()
	select {
	case r := <-done:
		return r.data, r.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func readFile(path string, limit int64, what string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := Read(f, limit, what)
	if large, ok := err.(*TooLargeError); ok {
		return nil, &fs.PathError{Op: "read", Path: path, Err: large}
	}
	return data, err
}
