package erofsfile

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
)

// The superblock and the root's inode are in the first block. Nothing else leads
// to the root, and its number has 16 bits.
const (
	superblockOffset = 1024
	superblockSize   = 128
	rootOffset       = superblockOffset + superblockSize
)

var errRootXattrs = errors.New("the extended attributes of the root folder do not fit into the first block of an EROFS file")

const (
	magic = 0xe0f5e1e2
	// The features: a checksum, and inodes that have times of modification.
	features  = 1 | 2
	blockBits = 12
)

// output is the file that is written.
type output struct {
	*os.File
	space
}

// end writes the superblock, when all else is written.
func (o *output) end(inodes uint32) error {
	if err := o.Truncate(o.blocks * blockSize); err != nil {
		return err
	}
	block := make([]byte, blockSize)
	if _, err := o.ReadAt(block, 0); err != nil {
		return err
	}
	b := block[superblockOffset:]
	binary.LittleEndian.PutUint32(b[0:], magic)
	binary.LittleEndian.PutUint32(b[8:], features)
	b[12] = blockBits
	binary.LittleEndian.PutUint16(b[14:], rootOffset/slotSize)
	binary.LittleEndian.PutUint64(b[16:], uint64(inodes))
	binary.LittleEndian.PutUint32(b[36:], uint32(o.blocks))
	// The checksum is that of the whole block, with zero in its place, and without
	// the final inversion.
	binary.LittleEndian.PutUint32(b[4:], ^crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
	_, err := o.WriteAt(b[:superblockSize], superblockOffset)
	return err
}
