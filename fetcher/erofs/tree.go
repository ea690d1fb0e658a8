package erofs

import (
	"fmt"

	"hocker/fetcher/bytecount"
)

// The limits bound the memory that a layer can take. Of its entries only the names are
// kept here, but mkfs.erofs takes 2 kB for each. Layers of large distributions have
// some 100,000.
const (
	maxEntries = 1 << 20
	maxNames   = 128 << 20 // bytes in the names of all entries
)

// kind is what a layer has at a path.
type kind byte

const (
	nothing kind = iota
	implied      // a folder that so far only paths below it name
	folder
	whiteout // also an opaque marker
	symlink
	file // also a device or a pipe
)

// maxHoles limits the sparse files of a layer, in bytes. Their holes take nothing in
// the archive, and all of it once they are unpacked.
const maxHoles = 64 << 30

// tree is what a layer has so far.
type tree struct {
	seen   map[string]kind
	named  int   // bytes in the names of seen
	sparse int64 // bytes in sparse files
}

// note records what is at a path.
func (t *tree) note(name string, what kind) error {
	if t.seen[name] == nothing {
		t.named += len(name)
	}
	t.seen[name] = what
	switch {
	case len(t.seen) > maxEntries:
		return fmt.Errorf("the layer has more than %d entries", maxEntries)
	case t.named > maxNames:
		return fmt.Errorf("the names in the layer take more than %s", bytecount.Format(maxNames))
	}
	return nil
}
