package atomicfile

import (
	"errors"
	"io/fs"
	"os"

	"hocker/fetcher/internal/flock"
)

// Folder is a temporary folder. Defer [Folder.Discard]: after Commit it does nothing.
type Folder struct {
	Path string
	temporary
}

// CreateFolder creates a folder in dir, or in the folder for temporary files if dir is
// empty, with the mode that the umask leaves of mode.
func CreateFolder(dir string, mode fs.FileMode) (*Folder, error) {
	dir = orTemporary(dir)
	removeAbandoned(dir)
	f, t, err := newTemporary(dir, func(path string) (*os.File, error) {
		if err := os.Mkdir(path, mode); err != nil {
			return nil, err
		}
		f, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) { // another process has taken it for abandoned
			err = flock.ErrHeld
		}
		return f, err
	})
	if err != nil {
		return nil, err
	}
	f.Close()
	return &Folder{t.path, t}, nil
}

// Commit renames the folder to path, where nothing may be.
func (f *Folder) Commit(path string) error { return f.rename(path) }

// Discard removes the folder and what is in it, unless it was committed.
func (f *Folder) Discard() { f.remove() }
