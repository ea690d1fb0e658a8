package subprocess

import (
	"bytes"
	"errors"
)

// ErrTooLarge is returned for a program that writes more than it may.
var ErrTooLarge = errors.New("too much output")

// Output keeps up to Limit bytes of a program's output. The program is cut off from its
// output if it writes more.
type Output struct {
	bytes.Buffer
	Limit int
}

// Write implements [io.Writer].
func (o *Output) Write(p []byte) (int, error) {
	if o.Len()+len(p) > o.Limit {
		return 0, ErrTooLarge
	}
	return o.Buffer.Write(p)
}
