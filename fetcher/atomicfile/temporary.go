package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"

	"hocker/fetcher/internal/flock"

	"golang.org/x/sys/unix"
)

// temporary is a temporary file or folder. Its creator holds a lock on it until it is
// removed or has its final name. So one without a lock was left behind by a process that
// was killed, and [removeAbandoned] removes it.
type temporary struct {
	path string
	lock *os.File // has the lock, if the file system can lock
}

// temporaryName matches the names of temporary files and folders.
var temporaryName = regexp.MustCompile(`^\.hocker-[0-9a-f]{8}\.part$`)

func randomName() string { return fmt.Sprintf(".hocker-%08x.part", rand.Uint32()) }

// maxNames limits how often another name is tried.
const maxNames = 100

var errNoName = errors.New("cannot create a temporary file: other processes remove it")

// newTemporary creates a temporary file or folder in dir with create, which also opens
// it. The error of create is [flock.ErrHeld] if another process has removed it meanwhile.
func newTemporary(dir string, create func(path string) (*os.File, error)) (*os.File, temporary, error) {
	for range maxNames {
		path := filepath.Join(dir, randomName())
		f, err := create(path)
		if errors.Is(err, fs.ErrExist) || errors.Is(err, flock.ErrHeld) {
			continue
		}
		if err != nil {
			return nil, temporary{}, err
		}
		t, err := lockTemporary(f, path)
		if err == nil {
			return f, t, nil
		}
		f.Close()
		if !errors.Is(err, flock.ErrHeld) {
			os.Remove(path)
			return nil, temporary{}, err
		}
	}
	return nil, temporary{}, &fs.PathError{Op: "create", Path: dir, Err: errNoName}
}

// lockTemporary locks f, which has just been created at path. The error is
// [flock.ErrHeld] if another process has taken it for abandoned.
func lockTemporary(f *os.File, path string) (temporary, error) {
	// A copy of the descriptor shares the lock, and keeps it when f is closed.
	lock, err := duplicate(f)
	if err != nil {
		return temporary{}, err
	}
	if err := flock.TryLock(lock); err != nil && !flock.IsUnsupported(err) {
		lock.Close()
		return temporary{}, err
	}
	if !isAt(lock, path) {
		lock.Close()
		return temporary{}, flock.ErrHeld
	}
	return temporary{path, lock}, nil
}

// duplicate returns another descriptor of an open file, which programs do not inherit.
func duplicate(f *os.File) (*os.File, error) {
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}

// isAt reports whether path, and not a link there, is the open file.
func isAt(f *os.File, path string) bool {
	named, err := os.Lstat(path)
	if err != nil {
		return false
	}
	info, err := f.Stat()
	return err == nil && os.SameFile(named, info)
}

// rename gives the file or folder its final name.
func (t *temporary) rename(path string) error {
	if err := os.Rename(t.path, path); err != nil {
		return err
	}
	t.path = ""
	return t.lock.Close()
}

// remove removes the file or folder, unless it has its final name.
func (t *temporary) remove() {
	if t.path != "" {
		os.RemoveAll(t.path)
		t.path = ""
		t.lock.Close()
	}
}

func orTemporary(dir string) string {
	if dir == "" {
		return os.TempDir()
	}
	return dir
}
