package servers

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// InErofs mounts an EROFS file and calls f with the folder. Only f and the processes that
// it starts see the mount. InErofs needs root.
func InErofs(file string, f func(dir string) error) error {
	ended := make(chan error, 1)
	go func() {
		// The thread ends with the goroutine, and its mounts with the thread.
		runtime.LockOSThread()
		ended <- inErofs(file, f)
	}()
	return <-ended
}

func inErofs(file string, f func(dir string) error) error {
	if err := syscall.Unshare(syscall.CLONE_NEWNS | syscall.CLONE_FS); err != nil {
		return fmt.Errorf("unshare: %w", err)
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making mounts private: %w", err)
	}
	dir, err := os.MkdirTemp("", "erofs-")
	if err != nil {
		return err
	}
	defer os.Remove(dir)
	err = syscall.Mount(file, dir, "erofs", syscall.MS_RDONLY, "")
	if errors.Is(err, syscall.ENOTBLK) { // Linux before 6.12 accepts only block devices
		output, loopErr := exec.Command("mount", "-t", "erofs", "-o", "ro,loop", file, dir).CombinedOutput()
		if err = loopErr; err != nil {
			err = fmt.Errorf("%w: %s", err, output)
		}
	}
	if err != nil {
		return fmt.Errorf("mounting %s: %w", file, err)
	}
	defer syscall.Unmount(dir, syscall.MNT_DETACH)
	return f(dir)
}
