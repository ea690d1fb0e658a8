package smallfile

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	if data, err := Read(t.Context(), path, 5); err != nil || string(data) != "hello" {
		t.Errorf("%q, %v", data, err)
	}
	data, err := Read(t.Context(), path, 4)
	if !errors.As(err, new(*TooLargeError)) || data != nil || err.Error() != "read "+path+": it is larger than 4 bytes, the limit for such a file" {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := Read(t.Context(), path+"s", 4); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// A device has no size and no end.
func TestReadDevice(t *testing.T) {
	if _, err := Read(t.Context(), "/dev/zero", 1<<20); !errors.As(err, new(*TooLargeError)) {
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
	if _, err := Read(ctx, path, 1); err != ended {
		t.Error(err)
	}
	// Lets the goroutine end.
	if f, err := os.OpenFile(path, os.O_RDWR, 0); err == nil {
		f.Close()
	}
}
