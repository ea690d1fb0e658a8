package lock

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"hocker/fetcher/internal/flock"
)

// patience is how long to wait for the lock before telling the user. A writer holds it
// only while it writes the file.
const patience = time.Second

// hold keeps other writers from the lock file at path until release is called. It locks
// the folder: the file itself is replaced by each change and may not exist yet, and a
// separate file would be left behind. The kernel releases the lock when the process
// exits.
//
// If the file system cannot lock folders, as with NFS, nothing is locked.
func hold(ctx context.Context, path string, notice func(line string)) (release func(), err error) {
	dir := filepath.Dir(path)
	f, err := os.Open(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &NoFolderError{Path: dir}
	case err != nil:
		return nil, err
	}
	err = flock.TryLock(f)
	if errors.Is(err, flock.ErrHeld) {
		return wait(ctx, f, notice)
	}
	if err != nil && !flock.IsUnsupported(err) {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}

// wait waits for the lock on f, and tells the user if that takes long.
func wait(ctx context.Context, f *os.File, notice func(line string)) (release func(), err error) {
	locked := make(chan error, 1)
	go func() { locked <- flock.Lock(f) }()
	long := time.NewTimer(patience)
	defer long.Stop()
	for {
		select {
		case err := <-locked:
			if err != nil {
				f.Close()
				return nil, err
			}
			return func() { f.Close() }, nil
		case <-long.C:
			if notice != nil {
				notice(fmt.Sprintf("waiting for another program that holds the lock on the folder %s", f.Name()))
			}
		case <-ctx.Done():
			// The file must stay open until flock returns.
			go func() {
				<-locked
				f.Close()
			}()
			return nil, context.Cause(ctx)
		}
	}
}
