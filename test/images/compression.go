package images

import (
	"compress/gzip"
	"io"

	"github.com/klauspost/compress/zstd"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// compression is how layers are compressed and what that is called.
type compression struct {
	mediaType string
	writer    func(io.Writer) (io.WriteCloser, error)
}

var (
	gzipped = compression{v1.MediaTypeImageLayerGzip, func(w io.Writer) (io.WriteCloser, error) {
		// The bulk does not compress: no time for trying hard.
		return gzip.NewWriterLevel(w, gzip.BestSpeed)
	}}
	zstandard = compression{v1.MediaTypeImageLayerZstd, func(w io.Writer) (io.WriteCloser, error) {
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	}}
	uncompressed = compression{v1.MediaTypeImageLayer, func(w io.Writer) (io.WriteCloser, error) {
		return plain{w}, nil
	}}
)

// plain is a compressor that does not compress.
type plain struct{ io.Writer }

func (plain) Close() error { return nil }
