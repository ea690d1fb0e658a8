package atomicfile

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"hocker/fetcher/internal/flock"

	"golang.org/x/sys/unix"
)

// removeAbandoned removes the temporary files and folders of killed processes in dir.
// What cannot be removed is left. It leaves all of them
//
//   - if other machines may write to the file system, since it may not show their locks;
//   - in a folder in which others can rename what this user has, so that it is not what
//     its name says.
func removeAbandoned(dir string) {
	f, err := os.Open(dir)
	if err != nil {
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Mode()&0o002 != 0 && info.Mode()&fs.ModeSticky == 0 || !isLocal(f) {
		return
	}
	for {
		names, err := f.Readdirnames(1000)
		for _, name := range slices.DeleteFunc(names, func(name string) bool { return !temporaryName.MatchString(name) }) {
			removeIfAbandoned(filepath.Join(dir, name))
		}
		if err != nil {
			return
		}
	}
}

// removeIfAbandoned removes a file or folder of this user on which there is no lock. It
// follows no links, and does not wait for a pipe.
func removeIfAbandoned(path string) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !isOwn(info) || flock.TryLock(f) != nil || !isAt(f, path) {
		return // its creator lives, or has renamed it
	}
	if info.IsDir() {
		empty(f)
	}
	os.Remove(path)
}

// isOwn reports whether this is a file with one name or a folder, and this user's.
func isOwn(info fs.FileInfo) bool {
	stat := info.Sys().(*syscall.Stat_t)
	return int(stat.Uid) == os.Geteuid() && (info.IsDir() || info.Mode().IsRegular() && stat.Nlink == 1)
}

// empty removes what is in the open folder f. It uses no path, since others might put
// another folder there, and follows no links.
func empty(f *os.File) {
	names, _ := f.Readdirnames(-1) // what is left is removed the next time
	fd := int(f.Fd())
	for _, name := range names {
		if unix.Unlinkat(fd, name, 0) == nil {
			continue
		}
		inner, err := unix.Openat(fd, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err != nil {
			continue
		}
		folder := os.NewFile(uintptr(inner), name)
		empty(folder)
		folder.Close()
		unix.Unlinkat(fd, name, unix.AT_REMOVEDIR)
	}
}
