package erofs

import (
	"archive/tar"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Contents is what a layer has, as far as who mounts it must know.
type Contents struct {
	ACLs bool // whether a file has an access control list
	Owners
}

// Owners are the owners and groups in a layer, sorted.
type Owners struct {
	UIDs []uint32 `json:"uids"`
	GIDs []uint32 `json:"gids"`
}

// CopyLayer writes the entries of a layer's tar archive.
//
// Errors: those of [Reader.Next], r and to.
func CopyLayer(to EntryWriter, r io.Reader) (Contents, error) {
	c := copying{
		from: NewReader(r), to: to, buffer: make([]byte, bufferSize),
		uids: map[uint32]bool{}, gids: map[uint32]bool{},
	}
	for {
		header, err := c.from.Next()
		if err == io.EOF {
			c.contents.UIDs = slices.Sorted(maps.Keys(c.uids))
			c.contents.GIDs = slices.Sorted(maps.Keys(c.gids))
			return c.contents, nil
		}
		if err == nil {
			err = c.entry(header)
		}
		if err != nil {
			return Contents{}, err
		}
	}
}

// copying is a call of CopyLayer.
type copying struct {
	from       *Reader
	to         EntryWriter
	buffer     []byte
	uids, gids map[uint32]bool
	contents   Contents
}

// entry copies an entry.
func (c *copying) entry(header *tar.Header) error {
	if !isMarker(header.Name) {
		c.note(header)
	}
	if err := c.to.WriteHeader(header); err != nil {
		return err
	}
	if header.Size == 0 {
		return nil
	}
	if _, err := io.CopyBuffer(c.to, c.from, c.buffer); err != nil {
		return fmt.Errorf("entry %q: %w", header.Name, err)
	}
	return nil
}

// note records what an entry adds to the contents.
func (c *copying) note(header *tar.Header) {
	c.uids[uint32(header.Uid)] = true
	c.gids[uint32(header.Gid)] = true
	for key := range header.PAXRecords {
		if strings.HasPrefix(key, aclRecord) {
			c.contents.ACLs = true
		}
	}
}
