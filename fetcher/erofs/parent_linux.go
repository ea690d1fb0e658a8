package erofs

import (
	"os/exec"
	"syscall"
)

// endWithParent makes the kernel kill a command when the thread ends that starts it,
// as it does when this process is killed.
func endWithParent(c *exec.Cmd) {
	if c.SysProcAttr == nil {
		c.SysProcAttr = &syscall.SysProcAttr{}
	}
	c.SysProcAttr.Pdeathsig = syscall.SIGKILL
}
