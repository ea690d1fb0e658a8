package main

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// output is a file that a command writes to: a stream of the process, a pipe or
// a device. Writes end with the context, even to a pipe that nobody reads or to
// a stopped terminal.
type output struct {
	file      *os.File
	regular   bool            // a write never blocks
	ctx       context.Context // in a field, since Write has no parameter for it
	lastWords bool            // accepts output after the context has ended
	state     *outputState
}

type outputState struct {
	mu    sync.Mutex
	err   error     // of the first failed write, since not every caller checks
	above io.Writer // prints lines above what is drawn at the terminal's bottom, or nil
}

func newOutput(ctx context.Context, file *os.File) *output {
	info, err := file.Stat()
	return &output{file: file, regular: err == nil && info.Mode().IsRegular(), ctx: ctx, state: &outputState{}}
}

// forLastWords makes the output accept writes after the context has ended, if
// they do not block.
func (o *output) forLastWords() *output {
	o.lastWords = true
	return o
}

// until returns the same output, bound to ctx.
func (o *output) until(ctx context.Context) *output {
	bound := *o
	bound.ctx = ctx
	return &bound
}

// Write writes p, or returns the cause if the context has ended.
func (o *output) Write(p []byte) (n int, err error) {
	switch {
	case o.regular:
		n, err = o.file.Write(p)
	case o.ctx.Err() == nil:
		data := bytes.Clone(p) // the write may continue after this call has returned
		n, err = await(o.ctx, func() (int, error) { return o.write(data) })
	case o.lastWords && o.hasRoom():
		n, err = o.file.Write(p)
	default:
		err = context.Cause(o.ctx)
	}
	if err != nil {
		o.state.mu.Lock()
		defer o.state.mu.Unlock()
		o.state.err = cmp.Or(o.state.err, err)
	}
	return n, err
}

func (o *output) write(p []byte) (int, error) {
	o.state.mu.Lock()
	above := o.state.above
	o.state.mu.Unlock()
	if above != nil {
		if n, err := above.Write(p); err == nil {
			return n, nil
		}
	}
	return o.file.Write(p)
}

// setAbove makes w print the lines from now on. nil ends this.
func (o *output) setAbove(w io.Writer) {
	o.state.mu.Lock()
	defer o.state.mu.Unlock()
	o.state.above = w
}

// failure returns the error of the first write that failed.
func (o *output) failure() error {
	o.state.mu.Lock()
	defer o.state.mu.Unlock()
	return o.state.err
}

// hasRoom reports whether a few words can be written without blocking.
func (o *output) hasRoom() bool {
	fds := []unix.PollFd{{Fd: int32(o.file.Fd()), Events: unix.POLLOUT}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n == 1 && fds[0].Revents&unix.POLLOUT != 0
}

func (o *output) isTerminal() bool { return term.IsTerminal(int(o.file.Fd())) }
