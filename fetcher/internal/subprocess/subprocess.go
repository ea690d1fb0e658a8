// Package subprocess runs programs that end with a context, together with their
// children.
package subprocess

import (
	"context"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// endTime is how long a program may take to exit after the signal, and to close
// its output, which a child may hold open.
const endTime = 5 * time.Second

// Command returns a command that receives the signal end when ctx is done, as do
// its children.
//
// For that it runs in its own process group, unless there is a controlling
// terminal. Then it may have to ask for a passphrase, which only the foreground
// process group can do, and Ctrl-C reaches that whole group anyway.
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

// hasTerminal reports whether this process has a controlling terminal.
func hasTerminal() bool {
	f, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	f.Close()
	return true
}
