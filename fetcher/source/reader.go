package source

// Reader reads files that name images.
type Reader struct {
	// Open returns the content of a file, or [io/fs.ErrNotExist]. It limits the size.
	Open func(path string) ([]byte, error)
	// Variable returns a variable of the environment, for compose files.
	Variable func(name string) (value string, set bool)
}
