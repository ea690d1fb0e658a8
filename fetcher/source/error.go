package source

import "fmt"

// Error reports a file that cannot be understood.
type Error struct {
	File string
	Line int // from 1; 0 if the mistake has no line
	Err  error
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %v", e.File, e.Err)
	}
	return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err)
}
func (e *Error) Unwrap() error { return e.Err }

// place is where a text stands.
type place struct {
	text string
	file string
	line int
	// unset are variables in the text that had no value.
	unset []string
}

func (p place) errorf(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if len(p.unset) > 0 {
		err = fmt.Errorf("%w; the variable %s is not set", err, p.unset[0])
	}
	return &Error{p.file, p.line, err}
}
