package inflate

import "math/bits"

// An entry of a table is the meaning of a code. A table is indexed with the
// next bits of the data. Longer codes are in subtables after it. The bits of an
// entry are, from the lowest:
//
//	 0–7   how many bits to drop: those of the code, and extra bits
//	 8–11  how many of them are the code's, or how many bits a subtable has
//	13–15  special meanings, instead of a literal or a base
//	16–30  the literal, the base to which the extra bits are added, or where
//	       the subtable begins
//	31     whether it is a literal
type entry = uint32

const (
	literal    entry = 1 << 31
	special    entry = 1 << 15 // one of the following, or an invalid code
	subtable   entry = 1 << 14
	endOfBlock entry = 1 << 13
)

const (
	maxCodeBits     = 15
	maxDistanceBits = maxCodeBits + 13 // with the extra bits

	maxLiterals  = 288
	maxDistances = 32
	maxLengths   = 19

	// Few codes are longer. Larger tables take longer to build.
	literalBits  = 11
	distanceBits = 8
	lengthBits   = 7
)

// With these bits, the tables have at most 2342 and 402 entries, according to
// zlib's examples/enough.c. Powers of two avoid a check of the index.
type (
	literalTable  [4096]entry
	distanceTable [512]entry
	lengthTable   [1 << lengthBits]entry
)

// The meanings of the symbols, without the bits of their codes:
// https://www.rfc-editor.org/rfc/rfc1951#section-3.2.5
var (
	literalEntries  = makeLiteralEntries()
	distanceEntries = makeDistanceEntries()
	lengthEntries   = makeLengthEntries()
)

func makeLiteralEntries() (e [maxLiterals]entry) {
	for symbol := range e[:256] {
		e[symbol] = literal | entry(symbol)<<16
	}
	e[256] = special | endOfBlock
	base := entry(3)
	for symbol := 257; symbol < 285; symbol++ {
		extra := entry(max(0, (symbol-261)/4))
		e[symbol] = base<<16 | extra
		base += 1 << extra
	}
	e[285] = 258 << 16
	e[286], e[287] = special, special
	return e
}

func makeDistanceEntries() (e [maxDistances]entry) {
	base := entry(1)
	for symbol := range 30 {
		extra := entry(max(0, (symbol-2)/2))
		e[symbol] = base<<16 | extra
		base += 1 << extra
	}
	e[30], e[31] = special, special
	return e
}

func makeLengthEntries() (e [maxLengths]entry) {
	for symbol := range e {
		e[symbol] = entry(symbol) << 16
	}
	return e
}

// buildCode fills a table, indexed by index bits, with the code of these
// lengths (https://www.rfc-editor.org/rfc/rfc1951#section-3.2.2), and reports
// whether the code is valid. An incomplete code is valid only if it is empty or
// has a single code of one bit.
func buildCode(table []entry, index uint, lengths []uint8, entries []entry) bool {
	var counts [maxCodeBits + 1]int
	for _, n := range lengths {
		counts[n]++
	}
	used := len(lengths) - counts[0]
	var offsets [maxCodeBits + 2]int // in the symbols, sorted by their codes
	space := 0
	for n := 1; n <= maxCodeBits; n++ {
		space = space<<1 + counts[n]
		offsets[n+1] = offsets[n] + counts[n]
	}
	if space != 1<<maxCodeBits {
		if used > 1 || used != counts[1] {
			return false
		}
		for i := range table[:1<<index] {
			table[i] = special
		}
	}
	var sorted [maxLiterals]uint16
	for symbol, n := range lengths {
		if n != 0 {
			sorted[offsets[n]] = uint16(symbol)
			offsets[n]++
		}
	}
	fillTable(table, index, sorted[:used], lengths, &counts, entries)
	return true
}

// fillTable fills a table with a code. sorted holds its symbols in the order of
// their codes. A short code has many entries, since any bits may follow it, so
// the table grows by appending a copy of itself.
func fillTable(table []entry, index uint, sorted []uint16, lengths []uint8, counts *[maxCodeBits + 1]int, entries []entry) {
	size := 1 << index
	next := size // where the next subtable begins
	code, length := uint16(0), uint(0)
	filled := 1 // filled entries, enough for codes of the current length
	prefix, start, subBits := -1, 0, uint(0)
	for _, symbol := range sorted {
		n := uint(lengths[symbol])
		code <<= n - length
		length = n
		reversed := int(bits.Reverse16(code) >> (16 - n))
		code++
		for filled < 1<<n && filled < size {
			filled += copy(table[filled:], table[:filled])
		}
		if n <= index {
			table[reversed] = entries[symbol] + entry(n)<<8 + entry(n)
			continue
		}
		if reversed&(size-1) != prefix {
			prefix = reversed & (size - 1)
			start, subBits = next, subtableBits(n, index, counts)
			next += 1 << subBits
			table[prefix] = special | subtable | entry(start)<<16 | entry(subBits)<<8 | entry(index)
		}
		n -= index
		e := entries[symbol] + entry(n)<<8 + entry(n)
		for i := reversed >> index; i < 1<<subBits; i += 1 << n {
			table[start+i] = e
		}
		counts[n+index]--
	}
	for filled < size {
		filled += copy(table[filled:], table[:filled])
	}
}

// subtableBits returns the size in bits of the subtable whose first code has n
// bits: enough for the codes left to fill it.
func subtableBits(n, index uint, counts *[maxCodeBits + 1]int) uint {
	b := n - index
	space := counts[n]
	for space < 1<<b && b+index < maxCodeBits {
		b++
		space = space<<1 + counts[b+index]
	}
	return b
}
