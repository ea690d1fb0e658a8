package servers

import (
	"bufio"
	"errors"
	"os"
	"strings"
	"syscall"
)

// dieWithParent makes the kernel kill the server when the test binary dies, for
// instance after go test's time-out, which runs no cleanup.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
}

// UnmountBelow unmounts what is still mounted at dir and below, the last
// mounted first. dockerd leaves its own directory mounted where the file
// system's mounts are private, as they are in containers.
func UnmountBelow(dir string) error {
	mounts, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	defer mounts.Close()
	var points []string
	lines := bufio.NewScanner(mounts)
	for lines.Scan() {
		// The fifth field is the mount point; none of ours has characters
		// that would be escaped.
		fields := strings.Fields(lines.Text())
		if len(fields) > 4 && (fields[4] == dir || strings.HasPrefix(fields[4], dir+"/")) {
			points = append(points, fields[4])
		}
	}
	errs := []error{lines.Err()}
	for i := len(points) - 1; i >= 0; i-- {
		errs = append(errs, syscall.Unmount(points[i], syscall.MNT_DETACH))
	}
	return errors.Join(errs...)
}
