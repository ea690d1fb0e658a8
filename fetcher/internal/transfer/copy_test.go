package transfer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"
)

// content returns n bytes that do not repeat.
func content(n int) []byte {
	data := make([]byte, n)
	rand.NewChaCha8([32]byte{}).Read(data)
	return data
}

var copyAheadTests = []struct {
	name string
	size int
}{
	{name: "nothing", size: 0},
	{name: "one byte", size: 1},
	{name: "one byte less than a buffer", size: copyBufferSize - 1},
	{name: "a buffer", size: copyBufferSize},
	{name: "all buffers and one", size: copyBuffers*copyBufferSize + 1},
	{name: "much", size: 3<<20 + 5},
}

func TestCopyAhead(t *testing.T) {
	for _, tt := range copyAheadTests {
		data := content(tt.size)
		readers := map[string]io.Reader{
			"":                               bytes.NewReader(data),
			" with the end in the last read": iotest.DataErrReader(bytes.NewReader(data)),
			" in small pieces":               iotest.HalfReader(bytes.NewReader(data)),
		}
		for how, src := range readers {
			t.Run(tt.name+how, func(t *testing.T) {
				var dst bytes.Buffer
				n, err := CopyAhead(&dst, io.NopCloser(src))
				if err != nil || n != int64(tt.size) || !bytes.Equal(dst.Bytes(), data) {
					t.Errorf("copied %d of %d bytes: %v, right: %v", n, tt.size, err, bytes.Equal(dst.Bytes(), data))
				}
			})
		}
	}
}

// Any end but io.EOF itself is an error, at any offset. Otherwise truncated content
// would pass as complete.
func TestCopyAheadReadError(t *testing.T) {
	for _, end := range []error{errors.New("source broke"), io.ErrUnexpectedEOF, fmt.Errorf("not the end: %w", io.EOF)} {
		for _, size := range []int{0, 1, copyBufferSize, copyBuffers*copyBufferSize + 1} {
			data := content(size)
			var dst bytes.Buffer
			n, err := CopyAhead(&dst, io.NopCloser(io.MultiReader(bytes.NewReader(data), iotest.ErrReader(end))))
			if err != end || n != int64(size) || !bytes.Equal(dst.Bytes(), data) {
				t.Errorf("after %d bytes: copied %d, %v, want %v", size, n, err, end)
			}
		}
	}
}

// fullDisk accepts room bytes and then none.
type fullDisk struct {
	room int
	err  error
}

func (d *fullDisk) Write(p []byte) (int, error) {
	n := min(len(p), d.room)
	d.room -= n
	if n < len(p) {
		return n, d.err
	}
	return n, nil
}

func TestCopyAheadWriteError(t *testing.T) {
	full := errors.New("disk full")
	for _, room := range []int{0, 1, copyBufferSize, 10*copyBufferSize + 1} {
		n, err := CopyAhead(&fullDisk{room, full}, io.NopCloser(bytes.NewReader(content(64*copyBufferSize))))
		if err != full || n != int64(room) {
			t.Errorf("room for %d bytes: wrote %d, %v, want %v", room, n, err, full)
		}
	}
}

// A short write without an error is io.ErrShortWrite, as with io.Copy. Otherwise the
// content would have gaps.
func TestCopyAheadShortWrite(t *testing.T) {
	if n, err := CopyAhead(&fullDisk{room: 1}, io.NopCloser(bytes.NewReader(content(copyBufferSize)))); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("wrote %d of %d bytes: %v", n, copyBufferSize, err)
	}
}
