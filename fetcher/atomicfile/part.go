package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"hocker/fetcher/internal/flock"
)

// OpenPart opens the part of a file that an earlier run has written, or creates it. What
// it leads to is written in place, so it must not be a link. Until it is closed, no other
// process opens it in this way.
//
// Errors: *[PlantedError], *[BusyError].
func OpenPart(path string) (*os.File, error) {
	if info, err := os.Lstat(path); err == nil {
		if err := checkPart(path, info); err != nil {
			return nil, err
		}
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o666)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		err = checkPart(path, info) // it may have been put there meanwhile
	}
	if err == nil {
		err = lockPart(f, path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// BusyError reports a part that another process writes.
type BusyError struct{ Path string }

func (e *BusyError) Error() string {
	return fmt.Sprintf("%s is being written by another process: wait for it, or name another file", e.Path)
}

func lockPart(f *os.File, path string) error {
	err := flock.TryLock(f)
	switch {
	case errors.Is(err, flock.ErrHeld):
		return &BusyError{path}
	case err != nil && !flock.IsUnsupported(err):
		return err
	case !isAt(f, path): // that process has just renamed it
		return &BusyError{path}
	}
	return nil
}

// SameFileSystem reports whether a file at one path can be renamed to the other: whether
// their folders are on one file system.
func SameFileSystem(a, b string) (bool, error) {
	var first, second syscall.Stat_t
	if err := syscall.Stat(filepath.Dir(a), &first); err != nil {
		return false, &fs.PathError{Op: "stat", Path: filepath.Dir(a), Err: err}
	}
	if err := syscall.Stat(filepath.Dir(b), &second); err != nil {
		return false, &fs.PathError{Op: "stat", Path: filepath.Dir(b), Err: err}
	}
	return first.Dev == second.Dev, nil
}

func checkPart(path string, info fs.FileInfo) error {
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return &PlantedError{path, "a symbolic link"}
	case !info.Mode().IsRegular():
		return &PlantedError{path, "not a regular file"}
	case info.Sys().(*syscall.Stat_t).Nlink > 1:
		return &PlantedError{path, "a file with another name (hard link)"}
	case isForeign(info, path):
		return &PlantedError{path, "a file of another user in a shared folder"}
	}
	return nil
}

// Replace renames f, which is complete, to path, and closes it. A link there is replaced. If
// a file is replaced, f gets its mode.
func Replace(f *os.File, path string) error {
	if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() {
		if err := setMode(f, info.Mode().Perm()); err != nil {
			return err
		}
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return f.Close() // and releases the lock
}

// setMode sets the mode of a file, unless it has it: some file systems have no modes.
func setMode(f *os.File, mode fs.FileMode) error {
	info, err := f.Stat()
	if err != nil || info.Mode().Perm() == mode {
		return err
	}
	return f.Chmod(mode)
}
