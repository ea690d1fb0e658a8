package content

import (
	"errors"
	"fmt"
	"hash"
	"io"

	// The algorithms that the image specification registers.
	_ "crypto/sha256"
	_ "crypto/sha512"

	"github.com/opencontainers/go-digest"
)

// SizeUnknown stands for the size of content of which only the digest is known.
const SizeUnknown int64 = -1

// verifier passes content on and ends it with an error instead of io.EOF
// unless all of it came and it matches its digest. What it says stays said.
type verifier struct {
	src  io.Reader
	hash hash.Hash
	want digest.Digest
	size int64 // or SizeUnknown
	read int64
	err  error
}

// Verify returns a reader of src whose io.EOF means: size bytes came, no more
// and no fewer, and they match want. Every other end is another error.
func Verify(src io.Reader, want digest.Digest, size int64) io.Reader {
	return &verifier{src: src, hash: want.Algorithm().Hash(), want: want, size: size}
}

func (v *verifier) Read(p []byte) (int, error) {
	if v.err != nil {
		return 0, v.err
	}
	n, err := v.src.Read(p)
	if v.size != SizeUnknown && v.read+int64(n) > v.size {
		v.read += int64(n)
		v.err = v.mismatch("")
		return 0, v.err
	}
	v.hash.Write(p[:n])
	v.read += int64(n)
	if errors.Is(err, io.EOF) {
		err = v.end()
	}
	v.err = err
	return n, err
}

func (v *verifier) end() error {
	got := digest.NewDigest(v.want.Algorithm(), v.hash)
	if got != v.want || v.size != SizeUnknown && v.read != v.size {
		return v.mismatch(got)
	}
	return io.EOF
}

func (v *verifier) mismatch(got digest.Digest) error {
	return &VerifyError{Want: v.want, Got: got, Read: v.read, Size: v.size}
}

// VerifyError is content that does not match what it was asked for by.
type VerifyError struct {
	Want digest.Digest
	Got  digest.Digest // empty if the content was not read to its end
	Read int64         // bytes received
	Size int64         // bytes expected, or SizeUnknown
	Host string        // where it came from, where that is known
}

func (e *VerifyError) Error() string {
	switch {
	case e.Got == e.Want:
		return fmt.Sprintf("content does not have its size: %s has %d bytes, and %d were expected", e.Want, e.Read, e.Size)
	case e.Size != SizeUnknown && e.Read > e.Size:
		return fmt.Sprintf("content is longer than it should be: %s has %d bytes, and more came", e.Want, e.Size)
	case e.Size != SizeUnknown && e.Read < e.Size:
		return fmt.Sprintf("content is shorter than it should be: %s has %d bytes, %d came", e.Want, e.Size, e.Read)
	}
	from := ""
	if e.Host != "" {
		from = " from " + e.Host
	}
	return fmt.Sprintf("content does not match its digest: want %s, got %s (%d bytes%s)", e.Want, e.Got, e.Read, from)
}
