package atomicfile

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// PlantedError reports a link or file that another user may have put where a file is to be
// written, to have something else overwritten.
type PlantedError struct {
	Path string
	What string // what it is
}

func (e *PlantedError) Error() string {
	return fmt.Sprintf("%s is %s: remove it, or name another file", e.Path, e.What)
}

// maxLinks is the limit of Linux on symbolic links in a path:
// https://man7.org/linux/man-pages/man7/path_resolution.7.html
const maxLinks = 40

// checkLinks returns a *[PlantedError] if path leads through a link of another user in a
// shared folder, such as /tmp. Linux does not follow such links either, but has no say in
// a rename:
// https://docs.kernel.org/admin-guide/sysctl/fs.html#protected-symlinks
func checkLinks(path string) error {
	for range maxLinks {
		info, err := os.Lstat(path)
		if err != nil || info.Mode()&fs.ModeSymlink == 0 {
			return nil // opening the file reports an error
		}
		if isForeign(info, path) {
			return &PlantedError{path, "a symbolic link of another user in a shared folder"}
		}
		to, err := os.Readlink(path)
		if err != nil {
			return err
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	return nil // as above
}

// isForeign reports whether a file in a shared folder belongs neither to this user nor to
// the folder's owner. A shared folder has the sticky bit, and everybody may write to it.
func isForeign(info fs.FileInfo, path string) bool {
	folder, err := os.Stat(filepath.Dir(path))
	if err != nil || folder.Mode()&fs.ModeSticky == 0 || folder.Mode()&0o002 == 0 {
		return false
	}
	owner := info.Sys().(*syscall.Stat_t).Uid
	return int(owner) != os.Geteuid() && owner != folder.Sys().(*syscall.Stat_t).Uid
}
