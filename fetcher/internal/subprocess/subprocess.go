// Package subprocess runs programs that end when nobody waits for them any more,
// together with all that they have started.
package subprocess

import (
	"context"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// endTime is what a program gets to tidy up when it is to end, and then its
// children to let go of its output, which they do not have to.
const endTime = 5 * time.Second

// Command returns a program that is sent a signal when ctx ends, as its children
// are.
//
// For that it has a process group of its own, except beside a terminal: there it
// may have something to ask, such as a passphrase, which only the group in the
// foreground can, and Ctrl-C goes to all of that group anyway.
func Command(ctx context.Context, end syscall.Signal, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, name, args...)
	c.WaitDelay = endTime
	if hasTerminal() {
		c.Cancel = func() error { return c.Process.Signal(end) }
		return c
	}
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, end) }
	return c
}

// hasTerminal reports whether a terminal controls this process.
func hasTerminal() bool {
	f, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	f.Close()
	return true
}
