package lock

import "strconv"

// FileError reports a mistake in a lock file.
type FileError struct {
	Path   string
	Line   int    // from 1; 0 if the mistake has no line
	Where  string // path to the value, images.debian.tag; empty for the whole file
	Reason string
}

func (e *FileError) Error() string {
	msg := e.Path
	if e.Line > 0 {
		msg += ":" + strconv.Itoa(e.Line)
	}
	if e.Where != "" {
		msg += ": " + e.Where
	}
	return msg + ": " + e.Reason
}
