package inflate

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

// standard unpacks data with the standard library, member by member, and
// accepts trailing zeros, which that library does not.
func standard(data []byte) ([]byte, error) {
	r := bufio.NewReaderSize(bytes.NewReader(data), len(data)+16)
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	var content bytes.Buffer
	for {
		z.Multistream(false)
		if _, err := io.Copy(&content, z); err != nil {
			return nil, err
		}
		rest, err := r.Peek(r.Buffered())
		if err != nil {
			return nil, err
		}
		if len(bytes.Trim(rest, "\x00")) == 0 {
			return content.Bytes(), nil
		}
		if err := z.Reset(r); err != nil {
			return nil, err
		}
	}
}

// After the last member, only zeros are accepted, at any length.
func TestReaderTrailing(t *testing.T) {
	packed := pack(t, 6, []byte("content"))
	broken := errors.New("broken")
	tests := []struct {
		name string
		rest []byte
		err  error
	}{
		{name: "nothing"},
		{name: "a zero", rest: make([]byte, 1)},
		{name: "padding to a tar block", rest: make([]byte, 10240-len(packed))},
		{name: "more than is read at a time", rest: make([]byte, 3*inputSize)},
		{name: "text", rest: []byte("and more"), err: errTrailing},
		{name: "one byte", rest: []byte{1}, err: errTrailing},
		{name: "zeros and text", rest: append(make([]byte, 2*inputSize), 'x'), err: errTrailing},
		// As in gzip and pigz, no member may follow zeros.
		{name: "zeros and a member", rest: append(make([]byte, 512), packed...), err: errTrailing},
		{name: "half a member", rest: packed[:len(packed)/2], err: io.ErrUnexpectedEOF},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data := append(bytes.Clone(packed), tt.rest...)
			for _, r := range []io.Reader{bytes.NewReader(data), iotest.OneByteReader(bytes.NewReader(data)), iotest.DataErrReader(bytes.NewReader(data))} {
				got, err := unpack(r)
				if err != tt.err || string(got) != "content" {
					t.Errorf("got %q, %v; want %v", got, err, tt.err)
				}
			}
			if _, err := standard(data); (err == nil) != (tt.err == nil) {
				t.Errorf("the standard library: %v", err)
			}
		})
	}
	// A broken transfer within the zeros is an error.
	r := io.MultiReader(bytes.NewReader(packed), bytes.NewReader(make([]byte, 100)), iotest.ErrReader(broken))
	if _, err := unpack(r); err != broken {
		t.Errorf("got %v, want %v", err, broken)
	}
}
