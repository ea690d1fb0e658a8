package erofsfile

import (
	"encoding/binary"
	"maps"
	"path"
	"slices"
)

// node is what is left of an entry.
type node struct {
	id        uint64 // the inode's number in the format, and its place
	links     uint32
	fileType  byte
	directory *directory // nil for all else
}

// directory is a folder, which is written when all that is in it is known.
type directory struct {
	inode
	extra   map[string]string // extended attributes, beside those of its entry
	names   []string          // paths of what is in it
	parent  *node
	offset  int64  // place of the inode
	folders uint32 // in it
}

// direntSize is the size of an entry without its name.
const direntSize = 12

// dirent is an entry of a directory.
type dirent struct {
	name string
	to   *node
}

// entries returns the entries of a directory in the order of their names.
func (n *node) entries(nodes map[string]*node) []dirent {
	to := map[string]*node{".": n, "..": n.directory.parent}
	for _, name := range n.directory.names {
		to[path.Base(name)] = nodes[name]
	}
	list := make([]dirent, 0, len(to))
	for _, name := range slices.Sorted(maps.Keys(to)) {
		list = append(list, dirent{name, to[name]})
	}
	return list
}

// split returns how many of the first entries fit into a block, and their size.
func split(list []dirent) (n, size int) {
	for _, e := range list {
		more := direntSize + len(e.name)
		if size+more > blockSize {
			break
		}
		size += more
		n++
	}
	return n, size
}

// directorySize returns the size of a directory with these entries.
func directorySize(list []dirent) int64 {
	var blocks int64
	for {
		n, size := split(list)
		if n == len(list) {
			return blocks*blockSize + int64(size)
		}
		list = list[n:]
		blocks++
	}
}

// encodeDirectory returns the content of a directory: in each block the entries, and
// then their names.
func encodeDirectory(list []dirent) []byte {
	var b []byte
	for {
		n, _ := split(list)
		name := n * direntSize
		for _, e := range list[:n] {
			b = binary.LittleEndian.AppendUint64(b, e.to.id)
			b = binary.LittleEndian.AppendUint16(b, uint16(name))
			b = append(b, e.to.fileType, 0)
			name += len(e.name)
		}
		for _, e := range list[:n] {
			b = append(b, e.name...)
		}
		if list = list[n:]; len(list) == 0 {
			return b
		}
		b = append(b, make([]byte, -len(b)&(blockSize-1))...)
	}
}

// place decides where a directory goes. Its entries need not have their places yet.
func (n *node) place(out *output, nodes map[string]*node) error {
	d := n.directory
	xattrs := make(map[string]string, len(d.Xattrs)+len(d.extra))
	maps.Copy(xattrs, d.Xattrs)
	maps.Copy(xattrs, d.extra)
	var err error
	if d.xattrs, err = encodeXattrs(xattrs); err != nil {
		return err
	}
	d.links = 2 + d.folders
	d.size = directorySize(n.entries(nodes))
	room := blockSize
	isRoot := d.parent == n
	if isRoot {
		room -= rootOffset
	}
	blocks, tail := d.shape(room)
	if blocks > 0 {
		first, err := out.take(blocks)
		if err != nil {
			return err
		}
		d.value = uint32(first)
	}
	size := inodeSize + len(d.xattrs) + tail
	switch {
	case !isRoot:
		d.offset, err = out.place(size)
	case size > room:
		err = errRootXattrs
	default:
		d.offset = rootOffset
	}
	n.id = uint64(d.offset / slotSize)
	return err
}

// write writes a directory, when all that is in it has its place.
func (n *node) write(out *output, nodes map[string]*node) error {
	d := n.directory
	data := encodeDirectory(n.entries(nodes))
	record := d.encode()
	if d.layout == flatInline {
		whole := len(data) - len(data)%blockSize
		record = append(record, data[whole:]...)
		data = data[:whole]
	}
	if len(data) > 0 {
		if _, err := out.WriteAt(data, int64(d.value)*blockSize); err != nil {
			return err
		}
	}
	_, err := out.WriteAt(record, d.offset)
	return err
}
