package subprocess

import (
	"bufio"
	"context"
	"io"
	"os"
	"syscall"
	"testing"
	"time"
)

// A program ends with its context, and so does a child that holds its output
// open.
func TestCommand(t *testing.T) {
	if hasTerminal() {
		t.Skip("with a controlling terminal, children are not in their own process group")
	}
	for _, end := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		ctx, cancel := context.WithCancel(t.Context())
		c := Command(ctx, end, "sh", "-c", "sleep 1000 & echo begun; wait")
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		c.Stdout = w
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		w.Close()
		output := bufio.NewReader(r)
		if _, err := output.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := c.Wait(); err == nil || err.Error() != "signal: "+end.String() {
			t.Errorf("%s: %v", end, err)
		}
		// The output ends when the last process that holds it does.
		r.SetReadDeadline(time.Now().Add(time.Minute))
		if _, err := io.ReadAll(output); err != nil {
			t.Errorf("%s: the child is still running: %v", end, err)
		}
	}
}
