package test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// killed starts hocker load and kills it after it has read a part of the layers.
func (c *loadCase) killed(f *fetchedImage) error {
	const some = 4 << 20
	// env finds the program in the workplace's PATH and executes it.
	cmd := exec.Command("env", append([]string{"hocker"}, c.hocker(f.file)...)...)
	var output bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = c.home.dir, c.home.environ, &output, &output
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for bytesRead(cmd.Process.Pid) < some {
		select {
		case err := <-ended:
			return fmt.Errorf("hocker load ended before it could be killed: %w\n%s", err, output.Bytes())
		case <-time.After(time.Millisecond):
		}
	}
	_ = cmd.Process.Kill() // fails only if the process has ended
	err := <-ended
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == -1 {
		return nil
	}
	return fmt.Errorf("hocker load ended before it was killed: %w\n%s", err, output.Bytes())
}

// bytesRead returns how much a process has read from files and connections.
func bytesRead(pid int) int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	line, _, _ := strings.Cut(string(text), "\n")
	n, _ := strconv.ParseInt(strings.TrimPrefix(line, "rchar: "), 10, 64)
	return n // 0 once it has ended
}
