package erofsfile

import "encoding/binary"

// How the content of an inode is kept: in blocks, or the last, incomplete block
// after the inode.
const (
	flatPlain  = 0
	flatInline = 2
)

// The fields of an inode.
const (
	inodeSize   = 64
	linksOffset = 44
)

// noBlock is the first block of an inode that has none.
const noBlock = 1<<32 - 1

// inode is an inode as it is written.
type inode struct {
	*Attributes
	xattrs []byte // encoded
	number uint32
	links  uint32
	size   int64
	layout int
	value  uint32 // first block, or number of the device
}

// encode returns the inode, which content may follow.
func (n *inode) encode() []byte {
	b := make([]byte, inodeSize, inodeSize+len(n.xattrs)+blockSize)
	binary.LittleEndian.PutUint16(b[0:], uint16(1|n.layout<<1)) // 1 for 64 bytes
	binary.LittleEndian.PutUint16(b[2:], xattrUnits(n.xattrs))
	binary.LittleEndian.PutUint16(b[4:], n.Mode)
	binary.LittleEndian.PutUint64(b[8:], uint64(n.size))
	binary.LittleEndian.PutUint32(b[16:], n.value)
	binary.LittleEndian.PutUint32(b[20:], n.number)
	binary.LittleEndian.PutUint32(b[24:], n.UID)
	binary.LittleEndian.PutUint32(b[28:], n.GID)
	binary.LittleEndian.PutUint64(b[32:], uint64(n.ModTime.Unix()))
	binary.LittleEndian.PutUint32(b[40:], uint32(n.ModTime.Nanosecond()))
	binary.LittleEndian.PutUint32(b[linksOffset:], n.links)
	return append(b, n.xattrs...)
}

// shape decides where the content of the inode goes, if the block of the inode has so
// much room for both. It returns how many blocks of their own the content takes, and
// how many bytes follow the inode.
func (n *inode) shape(room int) (blocks int64, tail int) {
	tail = int(n.size % blockSize)
	n.layout, n.value = flatPlain, noBlock
	if tail > 0 && inodeSize+len(n.xattrs)+tail <= room {
		n.layout = flatInline
		return n.size / blockSize, tail
	}
	return ceil(n.size), 0
}

// device returns the number of a device as Linux encodes it.
func device(major, minor uint32) uint32 {
	return minor&0xff | major<<8 | minor&^0xff<<12
}
