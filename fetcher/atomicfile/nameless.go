package atomicfile

import (
	"errors"
	"io/fs"
	"os"
)

// CreateNameless creates a temporary file that has no name, so that nothing is left
// behind. It is in dir, or in the folder for temporary files if dir may not be written
// to.
func CreateNameless(dir string) (*os.File, error) {
	f, t, err := newTemporary(dir, createFile(0o600))
	if errors.Is(err, fs.ErrPermission) {
		f, t, err = newTemporary(os.TempDir(), createFile(0o600))
	}
	if err != nil {
		return nil, err
	}
	t.remove()
	return f, nil
}
