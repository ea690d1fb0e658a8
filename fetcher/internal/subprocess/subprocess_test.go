package subprocess

import (
	"bufio"
	"context"
	"io"
	"syscall"
	"testing"
)

// A program ends with its context, and so does its child, which holds its output
// open.
func TestCommand(t *testing.T) {
	if hasTerminal() {
		t.Skip("beside a terminal, children are the terminal's to end")
	}
	for _, end := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		ctx, cancel := context.WithCancel(t.Context())
		c := Command(ctx, end, "sh", "-c", "sleep 1000 & echo begun; wait")
		r, w := io.Pipe()
		c.Stdout = w
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := bufio.NewReader(r).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := c.Wait(); err == nil || err.Error() != "signal: "+end.String() {
			t.Errorf("%s: %v", end, err) // exec.ErrWaitDelay: the child went on
		}
	}
}
