package erofsfile

import "fmt"

// content is the content of the current entry, with its inode, which is written at
// the end.
type content struct {
	inode
	out   *output
	node  *node
	at    int64  // offset of the next byte in a block of its own
	whole int64  // bytes that are still to come to blocks of their own
	left  int64  // bytes that are still to come
	tail  []byte // what follows the inode
}

// begin decides where the content of an entry goes.
func (c *content) begin(e *Entry) error {
	var err error
	if c.xattrs, err = encodeXattrs(e.Xattrs); err != nil {
		return err
	}
	switch e.Mode & typeMask {
	case CharDev, BlockDev:
		c.value = device(e.Major, e.Minor)
		return nil
	case Symlink:
		c.size = int64(len(e.Target))
	case Regular:
		c.size = e.Size
	}
	blocks, tail := c.shape(blockSize)
	if blocks > 0 {
		first, err := c.out.take(blocks)
		if err != nil {
			return err
		}
		c.value, c.at = uint32(first), first*blockSize
	}
	c.left, c.whole = c.size, c.size-int64(tail)
	if e.Target != "" {
		_, err = c.write([]byte(e.Target))
	}
	return err
}

// write writes the next bytes.
func (c *content) write(p []byte) (int, error) {
	n := int(min(int64(len(p)), c.whole))
	if n > 0 {
		m, err := c.out.WriteAt(p[:n], c.at)
		c.at += int64(m)
		c.whole -= int64(m)
		c.left -= int64(m)
		if err != nil {
			return m, err
		}
	}
	c.tail = append(c.tail, p[n:]...)
	c.left -= int64(len(p) - n)
	return len(p), nil
}

// end writes the inode.
func (c *content) end() error {
	if c.left > 0 {
		return fmt.Errorf("the content of an entry is %d bytes too short", c.left)
	}
	record := append(c.encode(), c.tail...)
	offset, err := c.out.place(len(record))
	if err != nil {
		return err
	}
	c.node.id = uint64(offset / slotSize)
	_, err = c.out.WriteAt(record, offset)
	return err
}
