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

// SizeUnknown is the size of content of unknown size.
const SizeUnknown int64 = -1

// verifier is the reader that Verify returns. Its errors are sticky.
type verifier struct {
	src  io.Reader
	hash hash.Hash
	want digest.Digest
	size int64 // or SizeUnknown
	read int64
	err  error
}

// Verify returns a reader of src that returns io.EOF only after size bytes that
// match want. size may be SizeUnknown. If the content does not match, the reader
// returns a *VerifyError.
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

// VerifyError is returned for content that does not match its digest or size.
type VerifyError struct {
	Want digest.Digest
	Got  digest.Digest // empty if the content was not read to the end
	Read int64         // bytes received
	Size int64         // bytes expected, or SizeUnknown
	Host string        // the host that sent it, if known
}

func (e *VerifyError) Error() string {
	switch {
	case e.Got == e.Want:
		return fmt.Sprintf("content has the wrong size: %s has %d bytes, expected %d", e.Want, e.Read, e.Size)
	case e.Size != SizeUnknown && e.Read > e.Size:
		return fmt.Sprintf("content is too long: expected %d bytes for %s, received more", e.Size, e.Want)
	case e.Size != SizeUnknown && e.Read < e.Size:
		return fmt.Sprintf("content is too short: expected %d bytes for %s, received %d", e.Size, e.Want, e.Read)
	}
	from := ""
	if e.Host != "" {
		from = " from " + e.Host
	}
	return fmt.Sprintf("content does not match its digest: want %s, got %s (%d bytes%s)", e.Want, e.Got, e.Read, from)
}
