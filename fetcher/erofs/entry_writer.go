package erofs

import (
	"archive/tar"
	"io"
)

// EntryWriter takes the entries of an EROFS file, as a [Reader] returns them.
type EntryWriter interface {
	// WriteHeader begins an entry.
	WriteHeader(header *tar.Header) error
	// Write writes content of the current entry.
	io.Writer
}
