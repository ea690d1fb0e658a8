package test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// peakExceeded is the exit code of peak if a program exceeds its limit. hocker itself
// does not use it.
const peakExceeded = 99

// peak is the command "peak MIB PROGRAM [ARG...]". It reads the peak from /proc while
// the program runs, because the maximum that wait(2) reports includes the memory of the
// test binary that started the program.
func peak() {
	code, err := runPeak(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "peak:", err)
	}
	os.Exit(code)
}

// runPeak runs the program and returns its exit code.
func runPeak(args []string) (int, error) {
	if len(args) < 2 {
		return 2, errors.New("usage: peak MIB PROGRAM [ARG...]")
	}
	limit, err := strconv.Atoi(args[0])
	if err != nil {
		return 2, err
	}
	cmd := exec.Command(args[1], args[2:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return 2, err
	}
	ended := make(chan error)
	go func() { ended <- cmd.Wait() }()
	highest := 0
	for {
		select {
		case <-ended:
			if highest > limit<<10 {
				return peakExceeded, fmt.Errorf("%s had %d KiB resident, more than %d MiB", args[1], highest, limit)
			}
			return cmd.ProcessState.ExitCode(), nil
		case <-time.After(5 * time.Millisecond):
			highest = max(highest, highWater(cmd.Process.Pid))
		}
	}
}

// highWater returns the peak resident memory of a process in KiB, 0 if it has exited.
func highWater(pid int) int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(status, []byte("VmHWM:"))
	var size int
	fmt.Sscanf(string(rest), "%d kB", &size)
	return size
}
