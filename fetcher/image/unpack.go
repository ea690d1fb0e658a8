package image

import (
	"bufio"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxZstdWindow is how much memory a zstd layer may ask for. zstd's own limit
// without --long is 8 MiB at its highest level.
const maxZstdWindow = 32 << 20

// unpackBuffer is read ahead of a decompressor.
const unpackBuffer = 128 << 10

// Unpack returns the tar archive in a layer: gzip, zstd or not compressed, told
// by the content. The caller closes it, which does not close packed.
func Unpack(packed io.Reader) (io.ReadCloser, error) {
	r := bufio.NewReaderSize(packed, unpackBuffer)
	start, err := r.Peek(len(zstdMagic))
	if err != nil && err != io.EOF {
		return nil, err
	}
	switch DetectCompression(start) {
	case Gzip:
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		return z, nil
	case Zstd:
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxZstdWindow))
		if err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		return z.IOReadCloser(), nil
	}
	return io.NopCloser(r), nil
}
