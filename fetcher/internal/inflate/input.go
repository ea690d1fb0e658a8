package inflate

import (
	"encoding/binary"
	"io"
)

const (
	// inputSize is how many bytes of compressed data are read at a time.
	inputSize = 1<<17 - lookahead
	// inputMask saves the bounds check of an index, as windowMask does.
	inputMask = 1<<17 - 1
	// lookahead is how many zeros follow the data, so that loading eight bytes
	// needs no check for the end.
	lookahead = 32
	// maxEmptyReads is how many reads in a row may return nothing, as in bufio.
	maxEmptyReads = 100
	// giveBack is how many bytes the accumulator may return to the buffer.
	giveBack = 8
)

// inputBuffer is an array, as windowBuffer is: each constant length saves the
// innermost loop a register.
type inputBuffer [1<<17 + 8]byte

// input is compressed data, read from the lowest bit up, as deflate stores it.
// Reads beyond the end of the data return zeros; exhausted reports them.
type input struct {
	r   io.Reader
	err error // from r; io.EOF at its end

	buf       *inputBuffer // with lookahead zeros after end
	next, end int          // the range not in bits yet; next may be beyond end

	// The next count bits. The bits above them are zero, or the following ones.
	bits  uint64
	count uint
}

// fill reads until n bytes are available, or the data ends.
func (in *input) fill(n int) {
	if in.end-in.next >= n || in.err != nil {
		return
	}
	if in.buf == nil {
		in.buf = new(inputBuffer)
	}
	kept := min(in.next, giveBack)
	in.end = copy(in.buf[:], in.buf[in.next-kept:in.end])
	in.next = kept
	for empty := 0; in.end-in.next < n && in.err == nil; {
		var read int
		read, in.err = in.r.Read(in.buf[in.end:inputSize])
		in.end += read
		if read > 0 {
			empty = 0
		} else if empty++; empty == maxEmptyReads && in.err == nil {
			in.err = io.ErrNoProgress
		}
	}
	clear(in.buf[in.end : in.end+lookahead])
}

// refill makes 56 bits available.
func (in *input) refill() {
	if in.end-in.next < 8 {
		in.fill(8)
	}
	at := min(in.next, in.end+lookahead-8)
	in.bits |= binary.LittleEndian.Uint64(in.buf[at:]) << (in.count & 63)
	in.next += int(^in.count&63) >> 3
	in.count |= 56
}

// take returns the next n bits, at most 32.
func (in *input) take(n uint) uint {
	in.refill()
	v := in.bits & (1<<n - 1)
	in.drop(n)
	return uint(v)
}

func (in *input) drop(n uint) {
	in.bits >>= n & 63
	in.count -= n
}

// align drops the bits up to the next byte and returns the bytes after it to
// the buffer.
func (in *input) align() {
	in.next -= int(in.count >> 3)
	in.bits, in.count = 0, 0
}

// read reads whole bytes. The input must be aligned to a byte.
func (in *input) read(p []byte) (int, error) {
	in.fill(1)
	n := copy(p, in.buf[min(in.next, in.end):in.end])
	in.next += n
	if n == 0 {
		return 0, in.endError()
	}
	return n, nil
}

// zeros reads zero bytes up to the end, and returns io.EOF there. Archives
// padded to whole blocks end in zeros; gzip, tar and pigz accept them.
func (in *input) zeros() error {
	for {
		in.fill(1)
		rest := in.buf[in.next:in.end]
		if len(rest) == 0 {
			return in.err
		}
		for _, b := range rest {
			if b != 0 {
				return errTrailing
			}
		}
		in.next = in.end
	}
}

// exhausted reports whether bits beyond the end of the data were used.
func (in *input) exhausted() bool {
	return in.next-int(in.count>>3) > in.end
}

// endError returns why there is no more data.
func (in *input) endError() error {
	if in.err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return in.err
}
