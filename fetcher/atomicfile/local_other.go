//go:build !linux

package atomicfile

import (
	"os"
	"syscall"
)

// localFlag is MNT_LOCAL of statfs(2) on macOS.
const localFlag = 0x1000

// isLocal reports whether no other machine can write to the file system of f.
func isLocal(f *os.File) bool {
	var stat syscall.Statfs_t
	err := syscall.Fstatfs(int(f.Fd()), &stat)
	return err == nil && stat.Flags&localFlag != 0
}
