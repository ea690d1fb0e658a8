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

// patience is how long another program is waited for without a word. Writers
// hold a lock for as long as it takes to write a file.
const patience = time.Second

// hold locks the lock file at path against all other writers, until release is
// called. What is locked is the file's folder: the file itself is another one
// after each change, and may not be there yet; a file beside it would be left
// behind. The kernel gives the lock back when the process ends, however it does.
//
// Where a file system has no locks (NFS has none of folders) there is none.
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

// wait waits for the lock of f, and says so if it takes long.
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
			// Not before the kernel is done with it.
			go func() {
				<-locked
				f.Close()
			}()
			return nil, context.Cause(ctx)
		}
	}
}

// flock calls flock(2), which has no deadline and which signals interrupt.
func flock(f *os.File, how int) error {
	for {
		err := syscall.Flock(int(f.Fd()), how)
		if err != syscall.EINTR {
			return os.NewSyscallError("flock "+f.Name(), err)
		}
	}
}

// isUnlockable reports whether an error is a file system's that has no locks, or
// none of folders.
func isUnlockable(err error) bool {
	return slices.ContainsFunc([]error{
		syscall.EBADF, syscall.EINVAL, syscall.ENOLCK, syscall.ENOSYS, syscall.EOPNOTSUPP, syscall.ENOTSUP,
	}, func(kind error) bool { return errors.Is(err, kind) })
}
