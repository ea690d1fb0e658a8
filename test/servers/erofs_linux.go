package servers

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// InErofs mounts an EROFS file and calls f with the folder. Only f and the processes that
// it starts see the mount. InErofs needs root.
func InErofs(file string, f func(dir string) error) error {
	ended := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if syscall.Gettid() == syscall.Getpid() {
			// Everybody reads the mounts of the first thread: they are in /proc/self.
			ended <- InErofs(file, f) // on another thread, since this one is locked
			return
		}
		ended <- inOwnMounts(func() error { return inErofs(file, f) })
	}()
	return <-ended
}

// inOwnMounts calls f in a mount namespace of its own. The thread, which is locked, comes
// back from there: it must not end, since the servers that it has started would end, too.
func inOwnMounts(f func() error) error {
	folder, err := os.Getwd()
	if err != nil {
		return err
	}
	before, err := os.Open("/proc/thread-self/ns/mnt")
	if err != nil {
		return err
	}
	defer before.Close()
	if err := unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_FS); err != nil {
		return fmt.Errorf("unshare: %w", err)
	}
	err = f()
	if setErr := unix.Setns(int(before.Fd()), unix.CLONE_NEWNS); setErr != nil {
		return errors.Join(err, setErr)
	}
	return errors.Join(err, unix.Chdir(folder)) // Setns goes to the root folder
}

func inErofs(file string, f func(dir string) error) error {
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
