package servers

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestInErofs checks that mounting an EROFS file does not concern the rest of the process:
// others do not see the mount, and what was started on the same thread goes on.
func TestInErofs(t *testing.T) {
	Require(t, "root")
	for range 20 {
		echo := exec.Command("cat")
		echo.SysProcAttr = dieWithParent()
		in, err := echo.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := echo.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		err = InErofs("../../fetcher/podmanstore/base.erofs", func(dir string) error {
			mounts, err := os.ReadFile("/proc/self/mountinfo")
			if err == nil && strings.Contains(string(mounts), dir) {
				err = fmt.Errorf("%s is mounted for the whole process", dir)
			}
			if err != nil {
				return err
			}
			return echo.Start()
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprintln(in, "hello"); err != nil {
			t.Error(err)
		}
		if line, err := bufio.NewReader(out).ReadString('\n'); line != "hello\n" {
			t.Errorf("cat says %q: %v", line, err)
		}
		in.Close()
		if err := echo.Wait(); err != nil {
			t.Errorf("cat: %v", err)
		}
	}
}
