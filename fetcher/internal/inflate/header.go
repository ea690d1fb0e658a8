package inflate

import "hash/crc32"

// Flags for the optional fields of a member's header:
// https://www.rfc-editor.org/rfc/rfc1952#section-2.3.1
const (
	hasChecksum = 1 << 1
	hasExtra    = 1 << 2
	hasName     = 1 << 3
	hasComment  = 1 << 4
)

// header reads the bytes of a member's header and computes their checksum.
type header struct {
	in  *input
	sum uint32
}

func (h *header) byte() byte {
	b := []byte{byte(h.in.take(8))}
	h.sum = crc32.Update(h.sum, crc32.IEEETable, b)
	return b[0]
}

func (h *header) skip(n int) {
	for range n {
		h.byte()
	}
}

func (h *header) skipString() {
	for !h.in.exhausted() && h.byte() != 0 {
	}
}

// readHeader reads and discards the header of a member.
func readHeader(in *input) error {
	h := &header{in: in}
	valid := h.byte() == 0x1f && h.byte() == 0x8b && h.byte() == 8 // deflate
	flags := h.byte()
	h.skip(6) // time, extra flags, system
	if !valid && !in.exhausted() {
		return errHeader
	}
	if flags&hasExtra != 0 {
		h.skip(int(h.byte()) | int(h.byte())<<8)
	}
	if flags&hasName != 0 {
		h.skipString()
	}
	if flags&hasComment != 0 {
		h.skipString()
	}
	if want := uint16(h.sum); flags&hasChecksum != 0 && want != uint16(h.byte())|uint16(h.byte())<<8 {
		valid = false
	}
	if in.exhausted() {
		return in.endError()
	}
	if !valid {
		return errHeader
	}
	in.align()
	return nil
}
