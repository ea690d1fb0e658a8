package lock

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
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
	err = flock(f, syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return wait(ctx, f, notice)
	}
	if err != nil && !isUnlockable(err) {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}

// wait waits for the lock on f, and tells the user if that takes long.
func wait(ctx context.Context, f *os.File, notice func(line string)) (release func(), err error) {
	locked := make(chan error, 1)
	go func() { locked <- flock(f, syscall.LOCK_EX) }()
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

// flock calls flock(2) again whenever a signal interrupts it.
func flock(f *os.File, how int) error {
	for {
		err := syscall.Flock(int(f.Fd()), how)
		if err != syscall.EINTR {
			return os.NewSyscallError("flock "+f.Name(), err)
		}
	}
}

// isUnlockable reports whether err means that the file system cannot lock folders.
func isUnlockable(err error) bool {
	return slices.ContainsFunc([]error{
		syscall.EBADF, syscall.EINVAL, syscall.ENOLCK, syscall.ENOSYS, syscall.EOPNOTSUPP, syscall.ENOTSUP,
	}, func(kind error) bool { return errors.Is(err, kind) })
}
