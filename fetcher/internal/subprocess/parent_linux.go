package subprocess

import (
	"os/exec"
	"syscall"
)

// EndWithParent makes the kernel send a signal to a command when the thread ends that
// starts it, as it does when this process is killed. The caller keeps the thread with
// [runtime.LockOSThread] until the command has ended.
func EndWithParent(c *exec.Cmd, end syscall.Signal) {
	if c.SysProcAttr == nil {
		c.SysProcAttr = &syscall.SysProcAttr{}
	}
	c.SysProcAttr.Pdeathsig = end
}
