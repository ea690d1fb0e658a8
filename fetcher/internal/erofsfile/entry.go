package erofsfile

import "time"

// root is the name of the root folder.
const root = "."

// Entry is a file to write.
type Entry struct {
	// Name is a path without a slash at either end: "etc/passwd". The root is ".".
	Name string
	Attributes
	Size         int64  // of a regular file's content, which Write takes
	Target       string // of a symbolic link
	Major, Minor uint32 // of a device
}

// The types of files in the mode of an inode: inode(7).
const (
	typeMask  = 0o170000
	FIFO      = 0o010000
	CharDev   = 0o020000
	Directory = 0o040000
	BlockDev  = 0o060000
	Regular   = 0o100000
	Symlink   = 0o120000
)

// Attributes are what every file has.
type Attributes struct {
	Mode     uint16 // one of the types, and the permissions
	UID, GID uint32
	ModTime  time.Time
	Xattrs   map[string]string // extended attributes by their names: "user.x"
}

func (a *Attributes) isDirectory() bool { return a.Mode&typeMask == Directory }
