package inflate

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"hash/crc32"
	"io"
	"math/bits"
	"math/rand/v2"
	"testing"
)

// deflater writes deflated data with chosen codes.
type deflater struct {
	out   []byte
	bits  uint64
	count uint
}

func (d *deflater) put(value uint64, n uint) {
	d.bits |= value << d.count
	for d.count += n; d.count >= 8; d.count -= 8 {
		d.out = append(d.out, byte(d.bits))
		d.bits >>= 8
	}
}

// symbol writes the code of a symbol:
// https://www.rfc-editor.org/rfc/rfc1951#section-3.2.2
func (d *deflater) symbol(lengths []uint8, symbol int) {
	code, n := uint16(0), lengths[symbol]
	for s, m := range lengths {
		switch {
		case m != 0 && m < n:
			code += 1 << (n - m)
		case m == n && s < symbol:
			code++
		}
	}
	d.put(uint64(bits.Reverse16(code)>>(16-n)), uint(n))
}

// Codes and extra bits are as long as possible: one load must have enough bits
// for all of them.
func TestReaderLongCodes(t *testing.T) {
	literals, distances := make([]uint8, maxLiterals-2), make([]uint8, maxDistances-2)
	const length, distance = 284, 29 // 5 and 13 extra bits
	for i := range 14 {
		literals['a'+i], distances[distance-15+i] = uint8(i+1), uint8(i+1)
	}
	literals[256], literals[length] = 15, 15
	distances[distance-1], distances[distance] = 15, 15
	const elevenBits = 'a' + literalBits - 1 // the longest code that needs no subtable

	d := &deflater{out: []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff")}
	d.put(1|2<<1|29<<3|29<<8|15<<13, 17)
	ofLengths := make([]uint8, maxLengths)
	for _, symbol := range lengthOrder {
		if symbol <= maxCodeBits {
			ofLengths[symbol] = 4
		}
		d.put(uint64(ofLengths[symbol]), 3)
	}
	for _, n := range append(append([]uint8(nil), literals...), distances...) {
		d.symbol(ofLengths, int(n))
	}
	var want []byte
	random := rand.New(rand.NewChaCha8([32]byte{2}))
	for range windowSize {
		want = append(want, byte('a'+random.IntN(14)))
		d.symbol(literals, int(want[len(want)-1]))
	}
	for i := range 3000 {
		for range i % 5 {
			want = append(want, elevenBits)
			d.symbol(literals, elevenBits)
		}
		n, back := random.IntN(31), random.IntN(1<<13)
		d.symbol(literals, length)
		d.put(uint64(n), 5)
		d.symbol(distances, distance)
		d.put(uint64(back), 13)
		from := len(want) - 24577 - back
		want = append(want, want[from:from+227+n]...)
	}
	d.symbol(literals, 256)
	d.put(0, 7) // up to the next byte
	packed := binary.LittleEndian.AppendUint32(d.out, crc32.ChecksumIEEE(want))
	packed = binary.LittleEndian.AppendUint32(packed, uint32(len(want)))

	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(z); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("the test is wrong: %d bytes, %v; want %d", len(got), err, len(want))
	}
	if got, err := unpack(bytes.NewReader(packed)); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v; want %d", len(got), err, len(want))
	}
}
