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
	Limit int
	data  bytes.Buffer // not embedded: its ReadFrom has no limit
}

// Bytes returns what the program has written.
func (o *Output) Bytes() []byte { return o.data.Bytes() }

// Write implements [io.Writer].
func (o *Output) Write(p []byte) (int, error) {
	if o.data.Len()+len(p) > o.Limit {
		return 0, ErrTooLarge
	}
	return o.data.Write(p)
}
