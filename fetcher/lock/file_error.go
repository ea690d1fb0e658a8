package lock

import "strconv"

// FileError is a lock file that is not what it should be.
type FileError struct {
	Path   string
	Line   int    // 0 where it is none in particular
	Where  string // images.debian.tag; empty for the whole
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
