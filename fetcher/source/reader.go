package source

import (
	"context"
	"io"
	"os"
	"syscall"

	"hocker/fetcher/bounded"
)

// Reader reads files that name images.
type Reader struct {
	// Open returns the content of a file, or [io/fs.ErrNotExist]. It limits the size.
	Open func(path string) ([]byte, error)
	// List returns the names in a folder, at most limit of them, or [io/fs.ErrNotExist].
	List func(folder string, limit int) ([]string, error)
	// Variable returns a variable of the environment, for compose files.
	Variable func(name string) (value string, set bool)
	// Secret lists variables that count as not set, wherever they are: a file must not put
	// them into a reference, which goes to the registry that it names.
	Secret []string
}

// MaxFile limits a file, in bytes. What helm makes of a chart with many custom resources
// has a few megabytes.
const MaxFile = 16 << 20

// Files opens files on disk, up to a limit, until ctx ends.
func Files(ctx context.Context) func(path string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		return bounded.ReadFile(ctx, path, MaxFile, "a file that names images")
	}
}

// List lists folders on disk. What is no folder, such as a pipe, is not opened.
func List(folder string, limit int) ([]string, error) {
	f, err := os.OpenFile(folder, os.O_RDONLY|syscall.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(limit)
	if err == io.EOF {
		err = nil
	}
	return names, err
}
