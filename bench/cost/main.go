// Command cost runs a command and writes its cost as JSON to file descriptor 3:
// wall-clock and CPU time in nanoseconds, and memory in bytes.
//
//	cost PROGRAM [ARG...] 3>FILE
//
// The kernel's peak for a process includes the memory it had before exec. If the
// benchmark started the command, that would be the benchmark's own memory. This
// program is small.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

func main() {
	cmd := exec.Command(os.Args[1], os.Args[2:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	state := cmd.ProcessState
	err = json.NewEncoder(os.NewFile(3, "cost")).Encode(map[string]int64{
		"Wall":   int64(wall),
		"CPU":    int64(state.UserTime() + state.SystemTime()),
		"Memory": state.SysUsage().(*syscall.Rusage).Maxrss << 10,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
