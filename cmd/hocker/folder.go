package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// checkFolder makes sure that the folder for a flag's path exists.
func checkFolder(flag, path string) error {
	folder := filepath.Dir(filepath.Clean(path))
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		return &usageError{
			err:  fmt.Errorf("%s %s: folder %s does not exist", flag, path, folder),
			hint: fmt.Sprintf("create it first: mkdir -p %s", folder),
		}
	}
	return nil
}
