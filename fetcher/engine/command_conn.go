package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// commandConn is a connection over the standard input and output of a program.
type commandConn struct {
	cmd      *exec.Cmd
	in, out  *os.File // the program's, seen from here
	messages lastBytes
	wait     func() error // for the program's end, once
}

// dialCommand starts a program. The connection outlives ctx, as those of
// net.Dialer do.
func dialCommand(ctx context.Context, args []string) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c := &commandConn{cmd: exec.Command(args[0], args[1:]...)}
	theirIn, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer theirIn.Close()
	out, theirOut, err := os.Pipe()
	if err != nil {
		in.Close()
		return nil, err
	}
	defer theirOut.Close()
	c.in, c.out = in, out
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = theirIn, theirOut, &c.messages
	// A connection that ssh keeps for later holds on to its standard error.
	c.cmd.WaitDelay = time.Second
	if err := c.cmd.Start(); err != nil {
		in.Close()
		out.Close()
		return nil, err
	}
	c.wait = sync.OnceValue(c.cmd.Wait)
	return c, nil
}

func (c *commandConn) Read(p []byte) (int, error) {
	n, err := c.out.Read(p)
	if n == 0 && err == io.EOF {
		return 0, c.ended(io.EOF)
	}
	return n, err
}

func (c *commandConn) Write(p []byte) (int, error) {
	n, err := c.in.Write(p)
	if err != nil && !errors.Is(err, os.ErrClosed) {
		err = c.ended(err)
	}
	return n, err
}

// commandError is a program that failed, with what it said last.
type commandError struct {
	program, words string
	err            error
}

func (e *commandError) Error() string {
	if e.words == "" {
		return fmt.Sprintf("%s: %v", e.program, e.err)
	}
	return fmt.Sprintf("%s: %s (%v)", e.program, e.words, e.err)
}

func (e *commandError) Unwrap() error { return e.err }

// ended says why the program ended, or returns err if it ended well.
func (c *commandConn) ended(err error) error {
	exit := c.wait()
	if exit == nil || errors.Is(exit, exec.ErrWaitDelay) {
		return err
	}
	program := c.cmd.Args[0]
	return &commandError{program, strings.TrimPrefix(c.messages.line(), program+": "), exit}
}

// Close ends the program.
func (c *commandConn) Close() error {
	err := errors.Join(c.in.Close(), c.out.Close())
	_ = c.cmd.Process.Kill() // an error means that it has ended
	_ = c.wait()
	return err
}

func (c *commandConn) LocalAddr() net.Addr  { return commandAddr(c.cmd.Args[0]) }
func (c *commandConn) RemoteAddr() net.Addr { return commandAddr(c.cmd.Args[0]) }

func (c *commandConn) SetDeadline(t time.Time) error {
	return errors.Join(c.in.SetDeadline(t), c.out.SetDeadline(t))
}
func (c *commandConn) SetReadDeadline(t time.Time) error  { return c.out.SetReadDeadline(t) }
func (c *commandConn) SetWriteDeadline(t time.Time) error { return c.in.SetWriteDeadline(t) }

type commandAddr string

func (a commandAddr) Network() string { return "command" }
func (a commandAddr) String() string  { return string(a) }

// lastBytes keeps the end of what is written to it.
type lastBytes struct {
	mu   sync.Mutex
	kept []byte
}

// maxMessage is enough for the lines in which a program says why it failed.
const maxMessage = 4 << 10

func (b *lastBytes) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept = append(b.kept, p...)
	b.kept = b.kept[max(0, len(b.kept)-maxMessage):]
	return len(p), nil
}

// line returns the last line that says something.
func (b *lastBytes) line() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	text := bytes.TrimSpace(b.kept)
	return strings.TrimSpace(string(text[bytes.LastIndexByte(text, '\n')+1:]))
}
