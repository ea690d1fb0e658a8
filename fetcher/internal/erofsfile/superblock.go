package erofsfile

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
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

// writeSuperblock writes the superblock, when the root is written.
func (w *Writer) writeSuperblock() error {
	block := make([]byte, blockSize)
	if _, err := w.f.ReadAt(block, 0); err != nil {
		return err
	}
	b := block[superblockOffset:]
	binary.LittleEndian.PutUint32(b[0:], magic)
	binary.LittleEndian.PutUint32(b[8:], features)
	b[12] = blockBits
	binary.LittleEndian.PutUint16(b[14:], rootOffset/slotSize)
	binary.LittleEndian.PutUint64(b[16:], uint64(w.inodes))
	binary.LittleEndian.PutUint32(b[36:], uint32(w.space.blocks))
	// The checksum is that of the whole block, with zero in its place, and without
	// the final inversion.
	binary.LittleEndian.PutUint32(b[4:], ^crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
	_, err := w.f.WriteAt(b[:superblockSize], superblockOffset)
	return err
}
