// Package atomicfile writes files that appear under their names only when they
// are whole.
package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// File is a file that appears under its name only when it is whole: it is
// written beside its place and renamed by [File.Commit]. [File.Discard] is for
// defer: after Commit it does nothing.
type File struct {
	*os.File
	path string // where it goes; empty when there is nothing left to do
}

// Create begins the file that is to stand at path. What is there and is no
// regular file, such as a pipe or /dev/null, is written to as it is.
func Create(path string) (*File, error) {
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
	default: // a link stays, and its target is replaced
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return nil, err
		}
	}
	// Not os.CreateTemp, whose files are private: this one ends up under the
	// user's own umask.
	part := filepath.Join(filepath.Dir(path), fmt.Sprintf(".hocker-%08x.part", rand.Uint32()))
	f, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	return &File{File: f, path: path}, nil
}

// Seekable reports whether content can be written at any place of the file.
func (f *File) Seekable() bool { return f.path != "" }

// Commit closes the file and puts it in its place.
func (f *File) Commit() error {
	if err := f.Close(); err != nil {
		return err
	}
	if f.path == "" {
		return nil
	}
	if err := os.Rename(f.Name(), f.path); err != nil {
		return err
	}
	f.path = ""
	return nil
}

// Discard removes the file unless it was committed.
func (f *File) Discard() {
	f.Close()
	if f.path != "" {
		os.Remove(f.Name())
	}
}
