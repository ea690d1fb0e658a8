package servers

import (
	"os"
	"syscall"
)

// WriteProgram writes a program, which can be started at once. A process that starts while
// the file is open would inherit it, and the kernel starts no program that is open for
// writing anywhere ("text file busy"): https://go.dev/issue/22315
func WriteProgram(path string, text []byte) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return os.WriteFile(path, text, 0o755)
}
