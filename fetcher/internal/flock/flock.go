// Package flock locks files and folders, as flock(2) does. The kernel releases a lock when
// the process exits, however it ends.
package flock

import (
	"errors"
	"os"
	"slices"
	"syscall"
)

// ErrHeld is returned by [TryLock] if another open file holds the lock.
var ErrHeld error = syscall.EWOULDBLOCK

// Lock waits for the lock on a file. Closing the file releases it.
func Lock(f *os.File) error { return flock(f, syscall.LOCK_EX) }

// TryLock takes the lock on a file, if it is free.
//
// Errors: [ErrHeld], and those of which [IsUnsupported] tells.
func TryLock(f *os.File) error { return flock(f, syscall.LOCK_EX|syscall.LOCK_NB) }

// flock calls flock(2) again whenever a signal interrupts it.
func flock(f *os.File, how int) error {
	for {
		err := syscall.Flock(int(f.Fd()), how)
		if err != syscall.EINTR {
			return os.NewSyscallError("flock "+f.Name(), err)
		}
	}
}

// IsUnsupported reports whether err means that the file system cannot lock this file, as
// NFS cannot lock folders.
func IsUnsupported(err error) bool {
	return slices.ContainsFunc([]error{
		syscall.EBADF, syscall.EINVAL, syscall.ENOLCK, syscall.ENOSYS, syscall.EOPNOTSUPP, syscall.ENOTSUP,
	}, func(kind error) bool { return errors.Is(err, kind) })
}
