// Package atomicfile writes files that appear under their names only when they
// are complete.
package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// File is a file that appears under its name only when it is complete. It is
// written under a temporary name in the same directory, and [File.Commit] renames
// it. Defer [File.Discard]: after Commit it does nothing.
type File struct {
	*os.File
	path string // the final name; empty if no rename is left to do
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
	// os.CreateTemp would make the file private. This one follows the umask.
	part := filepath.Join(filepath.Dir(path), fmt.Sprintf(".hocker-%08x.part", rand.Uint32()))
	f, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return nil, err
	}
	file := &File{File: f, path: path}
	if info != nil {
		err = setMode(f, mode)
	}
	if err != nil {
		file.Discard()
		return nil, err
	}
	return file, nil
}

// Seekable reports whether content can be written at any offset.
func (f *File) Seekable() bool { return f.path != "" }

// Commit closes the file and renames it to its final name.
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

// Discard closes the file and removes it unless it was committed.
func (f *File) Discard() {
	f.Close()
	if f.path != "" {
		os.Remove(f.Name())
	}
}
