package inflate

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
)

// contents and small are data that deflate compresses in different ways.
// contents fill the buffers more than once, small just the window.
var (
	contents = sync.OnceValue(func() map[string][]byte { return makeContents(150 << 10) })
	small    = sync.OnceValue(func() map[string][]byte { return makeContents(windowSize + 4<<10) })
)

func makeContents(size int) map[string][]byte {
	random := rand.New(rand.NewChaCha8([32]byte{1}))
	noise := make([]byte, size)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	words := strings.Fields("layer manifest config digest descriptor index blob diff ID of the a registry")
	var text bytes.Buffer
	for text.Len() < 2*size {
		text.WriteString(words[random.IntN(len(words))])
		text.WriteByte(" \n,"[random.IntN(3)])
	}
	// Symbols whose frequencies differ so much that some codes are long.
	var skewed bytes.Buffer
	for skewed.Len() < 3*size/2 {
		skewed.WriteByte(byte(random.ExpFloat64() * 8))
	}
	var periods bytes.Buffer
	for period := 1; period <= 300; period++ {
		periods.Write(bytes.Repeat(noise[period*7:period*7+period], 2+size/300/period))
	}
	// Lengths with many extra bits, so rare that their codes are long.
	rare := bytes.Clone(noise)
	for i := range rare {
		rare[i] &= 0x7f // otherwise the literal gets no code
	}
	for i := 20000; i < len(rare)-300; i += 700 + random.IntN(1500) {
		length := 60 + random.IntN(198)
		copy(rare[i:i+length], rare[i-10000-random.IntN(9000):])
	}
	far := bytes.Join([][]byte{noise[:windowSize], noise[:windowSize], noise[1:windowSize], noise[5:windowSize]}, nil)
	return map[string][]byte{
		"empty":   nil,
		"byte":    {7},
		"zeros":   make([]byte, 2*size),
		"noise":   noise,
		"text":    text.Bytes(),
		"skewed":  skewed.Bytes(),
		"periods": periods.Bytes(),
		"rare":    rare,
		"far":     far,
		"mixed":   bytes.Join([][]byte{text.Bytes(), noise, make([]byte, 70000), skewed.Bytes()}, []byte("mixed")),
	}
}

func pack(t testing.TB, level int, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func unpack(r io.Reader) ([]byte, error) {
	z, err := NewReader(r)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	_, err = b.ReadFrom(z)
	return b.Bytes(), err
}

func TestReader(t *testing.T) {
	for name, content := range contents() {
		for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, flate.BestSpeed, flate.DefaultCompression, flate.BestCompression} {
			t.Run(fmt.Sprint(name, level), func(t *testing.T) {
				packed := pack(t, level, content)
				got, err := unpack(bytes.NewReader(packed))
				if err != nil || !bytes.Equal(got, content) {
					t.Fatalf("%d bytes, %v; want %d", len(got), err, len(content))
				}
				z, err := NewReader(iotest.OneByteReader(bytes.NewReader(packed)))
				if err != nil {
					t.Fatal(err)
				}
				got, err = io.ReadAll(iotest.HalfReader(z))
				if err != nil || !bytes.Equal(got, content) {
					t.Fatalf("by halves: %d bytes, %v; want %d", len(got), err, len(content))
				}
			})
		}
	}
}

func TestReaderMembers(t *testing.T) {
	text, far := contents()["text"], contents()["far"]
	packed := bytes.Join([][]byte{pack(t, 6, text[:100]), pack(t, 6, nil), pack(t, 1, far), pack(t, 6, text)}, nil)
	want := bytes.Join([][]byte{text[:100], far, text}, nil)
	got, err := unpack(bytes.NewReader(packed))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestReaderHeader(t *testing.T) {
	deflated := pack(t, 6, []byte("content"))[10:]
	// With extra field, name, comment and header checksum.
	head := "\x1f\x8b\x08\x1e\x00\x00\x00\x00\x00\xff" + "\x03\x00abc" + "name\x00" + "comment\x00"
	sum := binary.LittleEndian.AppendUint16(nil, uint16(crc32.ChecksumIEEE([]byte(head))))
	tests := []struct {
		name, packed string
		err          error
	}{
		{name: "all", packed: head + string(sum) + string(deflated)},
		{name: "wrong checksum", packed: head + string([]byte{sum[0], sum[1] ^ 1}) + string(deflated), err: errHeader},
		{name: "not gzip", packed: "PK\x03\x04 and more of it", err: errHeader},
		{name: "not deflate", packed: "\x1f\x8b\x07" + head[3:], err: errHeader},
		{name: "nothing", packed: "", err: io.ErrUnexpectedEOF},
		{name: "short", packed: head[:9], err: io.ErrUnexpectedEOF},
		{name: "ends in the extra field", packed: head[:13], err: io.ErrUnexpectedEOF},
		{name: "ends in the name", packed: head[:17], err: io.ErrUnexpectedEOF},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := unpack(strings.NewReader(tt.packed))
			if !errors.Is(err, tt.err) || err == nil && string(got) != "content" {
				t.Errorf("%q, %v; want %v", got, err, tt.err)
			}
		})
	}
}

// Data truncated anywhere is an error.
func TestReaderTruncated(t *testing.T) {
	for name, content := range small() {
		packed := pack(t, 6, content)
		step := 1 + len(packed)/200
		for n := 0; n < len(packed); n += step {
			got, err := unpack(bytes.NewReader(packed[:n]))
			if err != io.ErrUnexpectedEOF || !bytes.HasPrefix(content, got) {
				t.Fatalf("%s truncated to %d of %d: %d bytes, %v", name, n, len(packed), len(got), err)
			}
		}
	}
}

func TestReaderBroken(t *testing.T) {
	broken := errors.New("broken")
	packed := pack(t, 6, contents()["text"])
	for _, n := range []int{0, 5, 300, 30000} {
		_, err := unpack(io.MultiReader(bytes.NewReader(packed[:n]), iotest.ErrReader(broken)))
		if err != broken {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

func TestReaderCorrupt(t *testing.T) {
	head := string(pack(t, 6, nil)[:10])
	sums := strings.Repeat("\x00", 8)
	packed := pack(t, 6, []byte("content"))
	tests := map[string]string{
		"checksum":                   string(packed[:len(packed)-8]) + "\x01\x02\x03\x04\x07\x00\x00\x00",
		"size":                       string(packed[:len(packed)-4]) + "\x08\x00\x00\x00",
		"block type 3":               head + "\x07" + sums,
		"length of a stored block":   head + "\x01\x01\x00\x01\x00x" + sums,
		"match before the beginning": head + "\x03\x02" + sums,
		"too many codes":             head + "\xfd\xff\xff" + sums + sums + sums,
		"trailing garbage":           string(packed) + "garbage, and enough of it",
	}
	for name, packed := range tests {
		if got, err := unpack(strings.NewReader(packed)); err == nil || err == io.EOF {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestBuildCode(t *testing.T) {
	tests := []struct {
		name    string
		lengths []uint8
		want    bool
	}{
		{name: "complete", lengths: []uint8{1, 2, 0, 2}, want: true},
		{name: "with a subtable", lengths: []uint8{1, 2, 3, 4, 5, 6, 7, 8, 9, 9}, want: true},
		{name: "nothing", lengths: []uint8{0, 0}, want: true},
		{name: "one bit", lengths: []uint8{0, 1}, want: true},
		{name: "one code of two bits", lengths: []uint8{2}},
		{name: "incomplete", lengths: []uint8{2, 2, 2}},
		{name: "too many", lengths: []uint8{1, 1, 1}},
		{name: "too many long ones", lengths: []uint8{1, 2, 3, 3, 8}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var table lengthTable
			if got := buildCode(append(table[:], table[:]...), lengthBits, tt.lengths, lengthEntries[:]); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

// A match cannot reach into the previous member.
func TestReaderMemberBoundary(t *testing.T) {
	text := contents()["text"][:1000]
	var b bytes.Buffer
	w, err := flate.NewWriterDict(&b, 6, text)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(text)
	w.Close()
	first := pack(t, 6, text)
	second := append(append(first[:10:10], b.Bytes()...), first[len(first)-8:]...)
	if got, err := unpack(bytes.NewReader(append(first, second...))); err != errDeflate {
		t.Errorf("%d bytes, %v; want %v", len(got), err, errDeflate)
	}
}

// FuzzReader compares Reader with the standard library, also for trailing zeros,
// for data that fills the window several times, and for reads of odd sizes.
func FuzzReader(f *testing.F) {
	for _, content := range contents() {
		beginning := content[:min(len(content), 2000)]
		for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, flate.BestCompression} {
			f.Add(pack(f, level, beginning), uint16(0))
			f.Add(append(pack(f, level, beginning), 0, 0, 0), uint16(1))
		}
		f.Add(pack(f, 6, content), uint16(3))
		f.Add(pack(f, 6, content), uint16(4099))
	}
	f.Fuzz(func(t *testing.T, data []byte, piece uint16) {
		got, err := unpack(&oddReader{data: data, piece: int(piece)})
		want, wantErr := standard(data)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("error %v, want %v", err, wantErr)
		}
		if err == nil && !bytes.Equal(got, want) {
			t.Fatalf("%d bytes, want %d", len(got), len(want))
		}
	})
}

// oddReader returns data in reads of 1 byte, 2, and so on up to piece, then
// from 1 again, with an empty read between them. If piece is 0, one read
// returns everything.
type oddReader struct {
	data        []byte
	piece, last int
	gaveNothing bool
}

func (r *oddReader) Read(p []byte) (n int, err error) {
	if r.piece == 0 {
		r.last = len(r.data)
	} else if r.gaveNothing = !r.gaveNothing; r.gaveNothing {
		return 0, nil
	} else {
		r.last = r.last%r.piece + 1
	}
	n = copy(p[:min(len(p), r.last)], r.data)
	if r.data = r.data[n:]; len(r.data) == 0 {
		err = io.EOF
	}
	return n, err
}

// A reader that returns nothing forever is an error.
func TestReaderNoProgress(t *testing.T) {
	packed := pack(t, 6, contents()["text"])
	for _, given := range []int{0, 5, 10, 5000} {
		nothing := &nothingReader{}
		if _, err := unpack(io.MultiReader(bytes.NewReader(packed[:given]), nothing)); err != io.ErrNoProgress {
			t.Errorf("after %d bytes: %v", given, err)
		}
		if nothing.reads != 100 { // as for bufio
			t.Errorf("after %d bytes: %d empty reads", given, nothing.reads)
		}
	}
}

type nothingReader struct{ reads int }

func (r *nothingReader) Read([]byte) (int, error) {
	if r.reads++; r.reads > 1000 {
		return 0, errors.New("reading continues")
	}
	return 0, nil
}
