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

// commandConn is a [net.Conn] over the standard input and output of a program.
type commandConn struct {
	cmd      *exec.Cmd
	in, out  *os.File // our ends of the program's standard input and output
	messages lastBytes
	wait     func() error // waits for the program to exit, once
}

// dialCommand starts a program and returns a connection to it. As with [net.Dialer],
// the connection outlives ctx.
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
	// An ssh master process may keep standard error open (ControlPersist).
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

// commandError reports a failed program and its last message.
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

// ended waits for the program and returns why it failed, or err if it succeeded.
func (c *commandConn) ended(err error) error {
	exit := c.wait()
	if exit == nil || errors.Is(exit, exec.ErrWaitDelay) {
		return err
	}
	program := c.cmd.Args[0]
	return &commandError{program, strings.TrimPrefix(c.messages.line(), program+": "), exit}
}

// Close kills the program.
func (c *commandConn) Close() error {
	err := errors.Join(c.in.Close(), c.out.Close())
	_ = c.cmd.Process.Kill() // fails only if the program has exited
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

// lastBytes is a writer that keeps the last [maxMessage] bytes.
type lastBytes struct {
	mu   sync.Mutex
	kept []byte
}

// maxMessage is enough, in bytes, for the message of a failed program.
const maxMessage = 4 << 10

func (b *lastBytes) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept = append(b.kept, p...)
	b.kept = b.kept[max(0, len(b.kept)-maxMessage):]
	return len(p), nil
}

// line returns the last line that is not blank.
func (b *lastBytes) line() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	text := bytes.TrimSpace(b.kept)
	return strings.TrimSpace(string(text[bytes.LastIndexByte(text, '\n')+1:]))
}
