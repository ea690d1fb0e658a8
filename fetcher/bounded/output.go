package bounded

import "bytes"

// Output keeps up to Limit bytes of a program's output. The program is cut off from its
// output if it writes more.
type Output struct {
	Limit int64
	What  string       // as in [TooLargeError]
	data  bytes.Buffer // not embedded: its ReadFrom has no limit
	err   error
}

// Err returns a *[TooLargeError] if the program has written more than it may. Its own error
// is then most often that it could not write on.
func (o *Output) Err() error { return o.err }

// Bytes returns what the program has written.
func (o *Output) Bytes() []byte { return o.data.Bytes() }

// Write implements [io.Writer].
func (o *Output) Write(p []byte) (int, error) {
	if int64(o.data.Len()+len(p)) > o.Limit {
		o.err = &TooLargeError{o.Limit, o.What}
	}
	if o.err != nil {
		return 0, o.err
	}
	return o.data.Write(p)
}
