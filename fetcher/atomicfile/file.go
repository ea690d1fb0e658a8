// Package atomicfile writes files that appear under their names only when they
// are complete.
package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// File is a file that appears under its name only when it is complete. It is
// written under a temporary name in the same directory, and [File.Commit] renames
// it. Defer [File.Discard]: after Commit it does nothing.
//
// If the process is killed, the temporary file is left. The next process that creates one
// in the same directory removes it.
type File struct {
	*os.File
	final string // its name once it is complete
	temporary
}

// Create creates a file that replaces the one at path, if any, and gets its mode. A
// pipe or device at path, such as /dev/null, is written to directly.
//
// Errors: *[PlantedError].
func Create(path string) (*File, error) {
	if err := checkLinks(path); err != nil {
		return nil, err
	}
	mode := fs.FileMode(0o666) // and the umask
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s is a directory", path)
	case !info.Mode().IsRegular():
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return nil, err
		}
		return &File{File: f}, nil
	default: // keep a symbolic link and replace its target
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return nil, err
		}
		mode = info.Mode().Perm()
	}
	removeAbandoned(filepath.Dir(path))
	f, t, err := newTemporary(filepath.Dir(path), createFile(mode)) // os.CreateTemp would ignore the umask
	if err != nil {
		return nil, err
	}
	file := &File{f, path, t}
	if info != nil {
		err = setMode(f, mode)
	}
	if err != nil {
		file.Discard()
		return nil, err
	}
	return file, nil
}

// CreateTemporary creates a file without a final name in dir, or in the folder for
// temporary files if dir is empty. Discard removes it. Only this user may read it.
func CreateTemporary(dir string) (*File, error) {
	dir = orTemporary(dir)
	removeAbandoned(dir)
	f, t, err := newTemporary(dir, createFile(0o600))
	if err != nil {
		return nil, err
	}
	return &File{File: f, temporary: t}, nil
}

// createFile returns a function that creates a file.
func createFile(mode fs.FileMode) func(path string) (*os.File, error) {
	return func(path string) (*os.File, error) {
		return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
	}
}

// Seekable reports whether content can be written at any offset.
func (f *File) Seekable() bool { return f.path != "" }

// Commit closes the file and renames it to its final name.
func (f *File) Commit() error {
	if err := f.Close(); err != nil || !f.Seekable() {
		return err
	}
	return f.rename(f.final)
}

// Discard closes the file and removes it unless it was committed.
func (f *File) Discard() {
	f.Close()
	f.remove()
}
