package subprocess

import (
	"bytes"
	"errors"
)

var errTooLarge = errors.New("too much output")

// Output keeps up to Limit bytes of a program's output. The program is cut off from its
// output if it writes more.
type Output struct {
	Limit int
	data  bytes.Buffer // not embedded: its ReadFrom has no limit
	over  bool
}

// TooLarge reports whether the program has written more than it may. Its error is then
// most often that it could not write on.
func (o *Output) TooLarge() bool { return o.over }

// Bytes returns what the program has written.
func (o *Output) Bytes() []byte { return o.data.Bytes() }

// Write implements [io.Writer].
func (o *Output) Write(p []byte) (int, error) {
	if o.data.Len()+len(p) > o.Limit {
		o.over = true
		return 0, errTooLarge
	}
	return o.data.Write(p)
}
