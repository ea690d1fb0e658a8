package inflate

import (
	"errors"
	"hash/crc32"
	"io"
)

var (
	errHeader   = errors.New("gzip: invalid header")
	errChecksum = errors.New("gzip: invalid checksum")
	errDeflate  = errors.New("gzip: invalid compressed data")
	errTrailing = errors.New("gzip: trailing data is neither gzip nor zeros")
)

// Reader unpacks gzip data of one or more members.
type Reader struct {
	in     input
	window window
	block  block

	inMember bool
	sum      uint32 // of the member, up to summed
	size     uint32 // of the member, up to summed
	summed   int    // an offset in the window
	err      error
}

// NewReader returns a reader that unpacks r. It reads the header of the first
// member, and may read more of r than it needs.
func NewReader(r io.Reader) (*Reader, error) {
	z := &Reader{in: input{r: r}, window: newWindow()}
	if err := z.beginMember(); err != nil {
		return nil, err
	}
	return z, nil
}

// Read implements [io.Reader].
func (z *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	w := &z.window
	for w.given == w.end {
		if z.err != nil {
			return 0, z.err
		}
		z.unpack()
	}
	n := copy(p, w.buf[w.given:w.end])
	w.given += n
	return n, nil
}

// unpack fills the window as far as possible. All of the window must have been
// returned.
func (z *Reader) unpack() {
	z.window.slide()
	z.summed = z.window.end
	for z.err == nil && !z.window.full() {
		z.err = z.step()
	}
	z.addUp()
}

func (z *Reader) step() error {
	b := &z.block
	switch {
	case !z.inMember:
		return z.nextMember()
	case b.kind == storedBlock:
		return b.stored(&z.in, &z.window)
	case b.kind == codedBlock:
		z.in.fill(codedAhead)
		return b.symbols(&z.in, &z.window)
	case b.final:
		return z.endMember()
	}
	return b.begin(&z.in)
}

// addUp updates the member's checksum.
func (z *Reader) addUp() {
	unpacked := z.window.buf[z.summed:z.window.end]
	z.sum = crc32.Update(z.sum, crc32.IEEETable, unpacked)
	z.size += uint32(len(unpacked))
	z.summed = z.window.end
}

// endMember checks the checksum and the size that follow the last block.
func (z *Reader) endMember() error {
	z.addUp()
	z.in.align()
	sum, size := uint32(z.in.take(32)), uint32(z.in.take(32))
	z.in.align()
	if z.in.exhausted() {
		return z.in.endError()
	}
	if sum != z.sum || size != z.size {
		return errChecksum
	}
	z.inMember = false
	return nil
}

// nextMember begins the next member. It returns io.EOF if there is none.
func (z *Reader) nextMember() error {
	z.in.fill(1)
	switch {
	case z.in.next >= z.in.end:
		return z.in.err
	case z.in.buf[z.in.next] == 0:
		return z.in.zeros()
	case z.in.buf[z.in.next] != 0x1f:
		return errTrailing
	}
	return z.beginMember()
}

func (z *Reader) beginMember() error {
	if err := readHeader(&z.in); err != nil {
		return err
	}
	z.inMember = true
	z.block.final = false
	z.sum, z.size = 0, 0
	z.window.floor = z.window.end
	return nil
}
