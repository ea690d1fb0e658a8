package lock

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"hocker/fetcher/atomicfile"
)

// UnwritableError reports a lock file that cannot be written.
type UnwritableError struct {
	Path   string // of the file, or of its folder if the file does not exist yet
	Folder bool
	Err    error
}

func (e *UnwritableError) Error() string {
	if e.Folder {
		return fmt.Sprintf("cannot create a file in the folder %s: %v", e.Path, reason(e.Err))
	}
	return fmt.Sprintf("%s cannot be written: %v", e.Path, reason(e.Err))
}

func (e *UnwritableError) Unwrap() error { return e.Err }

// NoFolderError reports that the folder of a lock file does not exist.
type NoFolderError struct{ Path string }

func (e *NoFolderError) Error() string { return fmt.Sprintf("folder %s does not exist", e.Path) }

// Is reports whether target is [fs.ErrNotExist].
func (e *NoFolderError) Is(target error) bool { return target == fs.ErrNotExist }

// reason returns the system error in err, without operation and path.
func reason(err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return err
}

// maxLinks is the limit of Linux on symbolic links in a path:
// https://man7.org/linux/man-pages/man7/path_resolution.7.html
const maxLinks = 40

// followLinks resolves the symbolic links in path. The file need not exist.
func followLinks(path string) (string, error) {
	for range maxLinks {
		dir, err := filepath.EvalSymlinks(filepath.Dir(path))
		if errors.Is(err, fs.ErrNotExist) {
			return "", &NoFolderError{Path: filepath.Dir(path)}
		}
		if err != nil {
			return "", err
		}
		path = filepath.Join(dir, filepath.Base(path))
		info, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return path, nil
		case err != nil:
			return "", err
		case info.Mode()&fs.ModeSymlink == 0:
			return path, nil
		}
		to, err := os.Readlink(path)
		if err != nil {
			return "", err
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(dir, to)
		}
		path = to
	}
	return "", &fs.PathError{Op: "open", Path: path, Err: syscall.ELOOP}
}

// replace writes data to path, whose content is before; nil means that the file does
// not exist. The file keeps its mode, its owner and its hard links.
func replace(path string, before, data []byte) error {
	if before == nil {
		return create(path, data)
	}
	if string(before) == string(data) {
		return nil
	}
	// Do not replace a file that this user may not write.
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return unwritable(path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if ok && info.Mode().IsRegular() && owner.Nlink == 1 {
		err := rename(path, info.Mode(), owner, data)
		if !isInPlace(err) {
			return err
		}
	}
	return overwrite(f, before, data)
}

// create writes a new file with the mode of the umask.
func create(path string, data []byte) error {
	f, err := atomicfile.Create(path)
	if err != nil {
		err = unwritable(filepath.Dir(path), err)
		var folder *UnwritableError
		if errors.As(err, &folder) {
			folder.Folder = true
		}
		return err
	}
	defer f.Discard()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Commit()
}

// rename writes a new file and renames it to path.
func rename(path string, mode fs.FileMode, owner *syscall.Stat_t, data []byte) error {
	f, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer f.Discard()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if mine, ok := info.Sys().(*syscall.Stat_t); ok && (mine.Uid != owner.Uid || mine.Gid != owner.Gid) {
		if err := f.Chown(int(owner.Uid), int(owner.Gid)); err != nil {
			return err
		}
	}
	if err := f.Chmod(mode.Perm()); err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Commit()
}

// isInPlace reports whether err means that the file can only be overwritten in place:
// its folder is read-only, its owner cannot be kept, or it is a mount point, as single
// files in containers are.
func isInPlace(err error) bool {
	return slices.ContainsFunc([]error{
		syscall.EACCES, syscall.EPERM, syscall.EROFS, syscall.EBUSY, syscall.EXDEV,
	}, func(kind error) bool { return errors.Is(err, kind) })
}

// overwrite replaces the content of f. It appends first, so that a full disk leaves the
// old content intact.
func overwrite(f *os.File, before, data []byte) error {
	err := overwriteParts(f, before, data)
	if err != nil {
		// Restore the old content, for which there is room.
		_, undo := f.WriteAt(before, 0)
		err = errors.Join(err, undo, f.Truncate(int64(len(before))))
	}
	return err
}

func overwriteParts(f *os.File, before, data []byte) error {
	common := min(len(before), len(data))
	for _, part := range []struct {
		from int
		data []byte
	}{{common, data[common:]}, {0, data[:common]}} {
		if _, err := f.WriteAt(part.data, int64(part.from)); err != nil {
			return err
		}
	}
	if err := f.Truncate(int64(len(data))); err != nil {
		return err
	}
	return f.Sync()
}

// unwritable returns err, as an *[UnwritableError] if this user may not write.
func unwritable(path string, err error) error {
	for _, kind := range []error{syscall.EACCES, syscall.EPERM, syscall.EROFS} {
		if errors.Is(err, kind) {
			return &UnwritableError{Path: path, Err: err}
		}
	}
	return err
}
