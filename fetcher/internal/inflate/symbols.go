package inflate

import "encoding/binary"

// symbols unpacks literals and matches until the block ends, the window is
// full, or more input is needed.
//
// Most time is spent here. The loop is not split into functions, so that its
// variables stay in registers. A code has at most 15 bits; a length has at most
// 5 extra bits, and a distance 13. So the bits of one load are enough for two
// literals and a length, or for a distance. The next code is looked up before a
// match is copied, so that the processor does both at once.
func (b *block) symbols(in *input, w *window) error {
	const (
		literalMask  = 1<<literalBits - 1
		distanceMask = 1<<distanceBits - 1
	)
	var (
		literals, distances = &b.literals, &b.distances
		src, out            = in.buf, w.buf
		pos, bits, count    = in.next, in.bits, in.count // only the lowest six bits of count matter
		at, floor           = w.end, w.floor
		valid               = true
		e                   entry // for the next bits
	)
	// An iteration loads eight bytes twice. At the end of the data, it may go
	// just far enough to detect missing data.
	limit := in.end - 16
	if in.err != nil {
		limit = in.end + 9
	}
	if pos < limit {
		pos, bits, count = load(src, pos, bits, count)
		e = literals[bits&literalMask]
	}
	for pos < limit && at < windowEnd {
		if e&literal != 0 {
			bits >>= e & 63
			count -= uint(e)
			out[at&windowMask] = byte(e >> 16)
			at++
			e = literals[bits&literalMask]
			if e&literal != 0 {
				bits >>= e & 63
				count -= uint(e)
				out[at&windowMask] = byte(e >> 16)
				at++
				e = literals[bits&literalMask]
				if e&literal != 0 {
					bits >>= e & 63
					count -= uint(e)
					out[at&windowMask] = byte(e >> 16)
					at++
					pos, bits, count = load(src, pos, bits, count)
					e = literals[bits&literalMask]
					continue
				}
			}
		}
		if e&special != 0 {
			if e&subtable != 0 {
				bits >>= literalBits
				count -= literalBits
				e = literals[(e>>16+entry(bits)&(1<<(e>>8&15)-1))%entry(len(literals))]
				if e&literal != 0 {
					bits >>= e & 63
					count -= uint(e)
					out[at&windowMask] = byte(e >> 16)
					at++
					pos, bits, count = load(src, pos, bits, count)
					e = literals[bits&literalMask]
					continue
				}
			}
			if e&special != 0 {
				valid = e&endOfBlock != 0
				b.kind = noBlock
				bits >>= e & 63
				count -= uint(e)
				break
			}
		}
		extended := bits
		bits >>= e & 63
		count -= uint(e)
		length := int(e>>16) + int(extended&(1<<(e&63)-1)>>(e>>8&63))

		if count&63 < maxDistanceBits {
			pos, bits, count = load(src, pos, bits, count)
		}
		e = distances[bits&distanceMask]
		if e&subtable != 0 {
			bits >>= distanceBits
			count -= distanceBits
			e = distances[(e>>16+entry(bits)&(1<<(e>>8&15)-1))%entry(len(distances))]
		}
		distance := int(e>>16) + int(bits&(1<<(e&63)-1)>>(e>>8&63))
		bits >>= e & 63
		count -= uint(e)
		if e&special != 0 || distance > at-floor {
			valid = false
			break
		}

		pos, bits, count = load(src, pos, bits, count)
		e = literals[bits&literalMask]
		from, to := at-distance, at
		at += length
		switch {
		case distance >= 8:
			// Most matches end within the first copy, and the number of further
			// copies is hard to predict for the processor.
			copyWords(out, to, from)
			for length > matchSize {
				from, to, length = from+matchSize, to+matchSize, length-matchSize
				copyWords(out, to, from)
			}
		case distance == 1:
			run := uint64(out[from&windowMask]) * 0x0101010101010101
			for ; to < at; to += 8 {
				i := to & windowMask
				binary.LittleEndian.PutUint64(out[i:i+8:i+8], run)
			}
		default:
			for ; to < at; to++ {
				out[to&windowMask] = out[from&windowMask]
				from++
			}
		}
	}
	in.next, in.bits, in.count = pos, bits, count&63
	if in.exhausted() {
		return in.endError() // the last symbols are beyond the data
	}
	w.end = at
	if !valid {
		return errDeflate
	}
	return nil
}

// load makes 56 bits available. Unlike refill, it does not check for the end of
// the data.
func load(src *inputBuffer, pos int, bits uint64, count uint) (int, uint64, uint) {
	i := pos & inputMask
	bits |= binary.LittleEndian.Uint64(src[i:i+8:i+8]) << (count & 63)
	return pos + int(^count&63)>>3, bits, count | 56
}

// matchSize is how many bytes of a match are copied at a time.
const matchSize = 32

// copyWords copies matchSize bytes within the window, one word at a time, since
// each may repeat the one before.
func copyWords(w *windowBuffer, to, from int) {
	to &= windowMask
	from &= windowMask
	dst, src := w[to:to+matchSize:to+matchSize], w[from:from+matchSize:from+matchSize]
	binary.LittleEndian.PutUint64(dst[0:], binary.LittleEndian.Uint64(src[0:]))
	binary.LittleEndian.PutUint64(dst[8:], binary.LittleEndian.Uint64(src[8:]))
	binary.LittleEndian.PutUint64(dst[16:], binary.LittleEndian.Uint64(src[16:]))
	binary.LittleEndian.PutUint64(dst[24:], binary.LittleEndian.Uint64(src[24:]))
}
