package erofsfile

import (
	"errors"
	"math"
)

// blockSize is the size of a block, in bytes. Every Linux can read blocks of this size.
const blockSize = 4096

// slotSize is the unit of an inode's place.
const slotSize = 32

// maxShared is how many blocks with room for more inodes are kept in mind. With fewer,
// more room is lost; more hardly save anything.
const maxShared = 16

var errFull = errors.New("an EROFS file has no room for more than 16 TiB")

// space gives out the places in a file.
type space struct {
	blocks int64    // the blocks that are taken, from the start
	shared []shared // blocks of inodes with room for more
}

// shared is a block of inodes.
type shared struct {
	block int64
	used  int // bytes
}

// take returns the first of n new blocks.
func (s *space) take(n int64) (int64, error) {
	if n >= math.MaxUint32-s.blocks {
		return 0, errFull
	}
	first := s.blocks
	s.blocks += n
	return first, nil
}

// place returns the place of an inode of so many bytes, with what follows it. What
// fits into a block does not cross into the next one.
func (s *space) place(size int) (offset int64, err error) {
	if size > blockSize {
		block, err := s.take(ceil(int64(size)))
		return block * blockSize, err
	}
	best := -1
	for i, b := range s.shared {
		if b.used+size <= blockSize && (best < 0 || b.used > s.shared[best].used) {
			best = i
		}
	}
	if best < 0 {
		if best, err = s.open(); err != nil {
			return 0, err
		}
	}
	b := &s.shared[best]
	offset = b.block*blockSize + int64(b.used)
	b.used += (size + slotSize - 1) &^ (slotSize - 1)
	return offset, nil
}

// open begins a block of inodes, and gives up the fullest if there are too many.
func (s *space) open() (int, error) {
	block, err := s.take(1)
	if err != nil {
		return 0, err
	}
	if len(s.shared) < maxShared {
		s.shared = append(s.shared, shared{block: block})
		return len(s.shared) - 1, nil
	}
	fullest := 0
	for i, b := range s.shared {
		if b.used > s.shared[fullest].used {
			fullest = i
		}
	}
	s.shared[fullest] = shared{block: block}
	return fullest, nil
}

// ceil returns how many blocks so many bytes take.
func ceil(size int64) int64 { return (size + blockSize - 1) / blockSize }
