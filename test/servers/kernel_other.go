//go:build !linux

package servers

import "syscall"

// dieWithParent has no counterpart outside Linux.
func dieWithParent() *syscall.SysProcAttr { return nil }

// UnmountBelow has nothing to do: dockerd runs on Linux.
func UnmountBelow(dir string) error { return nil }
