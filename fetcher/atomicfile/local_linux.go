package atomicfile

import (
	"os"
	"slices"
	"syscall"
)

// localFileSystems are the numbers of file systems that one machine has for itself. The
// others may be shared: NFS, FUSE, 9p and virtiofs among them.
// https://man7.org/linux/man-pages/man2/statfs.2.html
var localFileSystems = []int64{
	0xef53,     // ext2, ext3, ext4
	0x58465342, // XFS
	0x9123683e, // Btrfs
	0x2fc12fc1, // ZFS
	0xf2f52010, // F2FS
	0xca451a4e, // bcachefs
	0x01021994, // tmpfs
	0x794c7630, // overlayfs
}

// isLocal reports whether no other machine can write to the file system of f.
func isLocal(f *os.File) bool {
	var stat syscall.Statfs_t
	err := syscall.Fstatfs(int(f.Fd()), &stat)
	return err == nil && slices.Contains(localFileSystems, int64(stat.Type))
}
