package archive

import (
	"bytes"
	"fmt"
	"io"
)

// UnpackError is returned for a layer that matches its digest but does not
// unpack to the content that the image's config names. The fault is in the
// image, not in the transfer.
type UnpackError struct {
	Err error // *[content.VerifyError], *[content.LimitError], *[PackingError], or the decoder's error
}

func (e *UnpackError) Error() string { return fmt.Sprintf("unpacking: %v", e.Err) }
func (e *UnpackError) Unwrap() error { return e.Err }

// PackingError is returned for a layer with a compression that the image
// specification does not allow. Some engines accept such layers anyway.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md
type PackingError struct{ Packing string }

func (e *PackingError) Error() string {
	return fmt.Sprintf("the layer is compressed with %s, expected gzip, zstd or a plain tar archive", e.Packing)
}

// foreignPackings are other compressions found in layers, by their first bytes.
var foreignPackings = []struct {
	name  string
	magic []byte
}{
	{"xz", []byte("\xfd7zXZ\x00")},
	{"bzip2", []byte("BZh")},
	{"lz4", []byte{0x04, 0x22, 0x4d, 0x18}},
	{"lzma", []byte{0x5d, 0x00, 0x00}},
}

func foreignPacking(start []byte) string {
	for _, packing := range foreignPackings {
		if bytes.HasPrefix(start, packing.magic) {
			return packing.name
		}
	}
	return ""
}

// prefix is a reader that keeps the first bytes.
type prefix struct {
	r     io.Reader
	bytes []byte
}

func (p *prefix) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	if room := 8 - len(p.bytes); room > 0 {
		p.bytes = append(p.bytes, b[:min(n, room)]...)
	}
	return n, err
}
