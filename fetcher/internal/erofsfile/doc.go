// Package erofsfile writes EROFS files without compression. Linux mounts them
// read-only.
//
// The format is that of https://docs.kernel.org/filesystems/erofs.html and, with all
// its fields, https://github.com/torvalds/linux/blob/v6.12/fs/erofs/erofs_fs.h. A
// [Writer] needs no feature that Linux 5.4 does not have.
package erofsfile
