package bounded

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
)

func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	if data, err := ReadFile(t.Context(), path, 5, "a greeting"); err != nil || string(data) != "hello" {
		t.Errorf("%q, %v", data, err)
	}
	data, err := ReadFile(t.Context(), path, 4, "a greeting")
	if !errors.As(err, new(*TooLargeError)) || data != nil || err.Error() != "read "+path+": it is larger than 4 bytes, the limit for a greeting" {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := ReadFile(t.Context(), path+"s", 4, "a greeting"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// A device has no size and no end.
func TestReadDevice(t *testing.T) {
	if _, err := ReadFile(t.Context(), "/dev/zero", 1<<20, "a greeting"); !errors.As(err, new(*TooLargeError)) {
		t.Error(err)
	}
}

// A pipe that nobody writes to does not hold a command.
func TestReadPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	ended := errors.New("ended")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(ended)
	if _, err := ReadFile(ctx, path, 1, "a greeting"); err != ended {
		t.Error(err)
	}
	// Lets the goroutine end.
	if f, err := os.OpenFile(path, os.O_RDWR, 0); err == nil {
		f.Close()
	}
}

// What is as large as the limit is read. An error of the reader is not one of the limit.
func TestReadLimit(t *testing.T) {
	for limit, want := range map[int64]string{5: "", 6: "", 4: "it is larger than 4 bytes, the limit for a greeting", 0: "it is larger than 0 bytes, the limit for a greeting"} {
		data, err := Read(strings.NewReader("hello"), limit, "a greeting")
		if want == "" && (err != nil || string(data) != "hello") || want != "" && (err == nil || err.Error() != want || data != nil) {
			t.Errorf("limit %d: %q, %v", limit, data, err)
		}
	}
	if data, err := Read(iotest.ErrReader(io.ErrUnexpectedEOF), 4, "a greeting"); data != nil || err != io.ErrUnexpectedEOF {
		t.Errorf("%q, %v", data, err)
	}
}

// A program's output is kept up to the limit, and nothing after what was too large.
func TestOutput(t *testing.T) {
	o := &Output{Limit: 5, What: "a greeting"}
	for _, part := range []string{"he", "llo"} {
		if n, err := io.WriteString(o, part); n != len(part) || err != nil {
			t.Error(n, err)
		}
	}
	if string(o.Bytes()) != "hello" || o.Err() != nil {
		t.Errorf("%q, %v", o.Bytes(), o.Err())
	}
	for range 2 {
		if n, err := io.WriteString(o, "!"); n != 0 || !errors.As(err, new(*TooLargeError)) || err != o.Err() {
			t.Error(n, err)
		}
	}
	if string(o.Bytes()) != "hello" {
		t.Errorf("%q", o.Bytes())
	}
}
