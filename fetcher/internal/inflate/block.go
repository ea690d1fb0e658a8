package inflate

// block is a block of deflated data: https://www.rfc-editor.org/rfc/rfc1951.
type block struct {
	kind      blockKind
	final     bool // the last of its member
	remaining int  // bytes of a stored block
	literals  literalTable
	distances distanceTable
}

type blockKind int

const (
	noBlock blockKind = iota // before the next header
	storedBlock
	codedBlock
)

const (
	// headerSize is larger than any header of a block, in bytes: 17 bits, 19
	// lengths of three bits, and 316 lengths of at most 14.
	headerSize = 1 << 10
	// codedAhead is how many bytes of a coded block to read ahead.
	codedAhead = 4 << 10
)

// begin reads the header of the next block:
// https://www.rfc-editor.org/rfc/rfc1951#section-3.2.3
func (b *block) begin(in *input) (err error) {
	in.fill(headerSize)
	b.final = in.take(1) == 1
	switch in.take(2) {
	case 0:
		b.kind = storedBlock
		err = b.readLength(in)
	case 1:
		b.kind = codedBlock
		b.fixedCodes()
	case 2:
		b.kind = codedBlock
		err = b.readCodes(in)
	default:
		err = errDeflate
	}
	if in.exhausted() {
		return in.endError()
	}
	return err
}

// readLength reads the length of a stored block.
func (b *block) readLength(in *input) error {
	in.align()
	length, complement := in.take(16), in.take(16)
	in.align()
	if length != ^complement&0xffff {
		return errDeflate
	}
	b.remaining = int(length)
	return nil
}

// stored copies as much of a stored block as is available and fits.
func (b *block) stored(in *input, w *window) error {
	if b.remaining == 0 {
		b.kind = noBlock
		return nil
	}
	room := w.buf[w.end:windowEnd]
	n, err := in.read(room[:min(len(room), b.remaining)])
	w.end += n
	b.remaining -= n
	return err
}

// fixedLengths are the lengths of the fixed codes, which need no header:
// https://www.rfc-editor.org/rfc/rfc1951#section-3.2.6
var fixedLengths = makeFixedLengths()

func makeFixedLengths() (lengths [maxLiterals + maxDistances]uint8) {
	for i := range lengths {
		switch {
		case i < 144:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		case i < 280:
			lengths[i] = 7
		case i < maxLiterals:
			lengths[i] = 8
		default:
			lengths[i] = 5
		}
	}
	return lengths
}

func (b *block) fixedCodes() {
	buildCode(b.literals[:], literalBits, fixedLengths[:maxLiterals], literalEntries[:])
	buildCode(b.distances[:], distanceBits, fixedLengths[maxLiterals:], distanceEntries[:])
}

// lengthOrder is the order in which the lengths of the length code are stored.
var lengthOrder = [maxLengths]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// readCodes reads the codes of a block with dynamic codes:
// https://www.rfc-editor.org/rfc/rfc1951#section-3.2.7
func (b *block) readCodes(in *input) error {
	literals, distances, n := in.take(5)+257, in.take(5)+1, in.take(4)+4
	if literals > maxLiterals-2 || distances > maxDistances-2 {
		return errDeflate
	}
	var ofLengths [maxLengths]uint8
	for _, symbol := range lengthOrder[:n] {
		ofLengths[symbol] = uint8(in.take(3))
	}
	var code lengthTable
	if !buildCode(code[:], lengthBits, ofLengths[:], lengthEntries[:]) {
		return errDeflate
	}
	var all [maxLiterals + maxDistances]uint8
	lengths := all[:literals+distances]
	if err := readLengths(in, &code, lengths); err != nil {
		return err
	}
	if !buildCode(b.literals[:], literalBits, lengths[:literals], literalEntries[:]) ||
		!buildCode(b.distances[:], distanceBits, lengths[literals:], distanceEntries[:]) {
		return errDeflate
	}
	return nil
}

// readLengths reads the lengths of codes, which are coded themselves.
func readLengths(in *input, code *lengthTable, lengths []uint8) error {
	for i := 0; i < len(lengths); {
		in.refill()
		e := code[in.bits&(1<<lengthBits-1)]
		if e&special != 0 {
			return errDeflate
		}
		in.drop(uint(e & 0xff))
		value, repeat := uint8(0), 1
		switch symbol := e >> 16; symbol {
		case 16:
			if i == 0 {
				return errDeflate
			}
			value, repeat = lengths[i-1], 3+int(in.take(2))
		case 17:
			repeat = 3 + int(in.take(3))
		case 18:
			repeat = 11 + int(in.take(7))
		default:
			value = uint8(symbol)
		}
		if repeat > len(lengths)-i {
			return errDeflate
		}
		for range repeat {
			lengths[i] = value
			i++
		}
	}
	return nil
}
