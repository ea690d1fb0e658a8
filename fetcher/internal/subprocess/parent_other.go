//go:build !linux

package subprocess

import (
	"os/exec"
	"syscall"
)

// EndWithParent does nothing: only Linux can.
func EndWithParent(*exec.Cmd, syscall.Signal) {}
