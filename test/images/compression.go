package images

import (
	"compress/gzip"
	"io"

	"github.com/klauspost/compress/zstd"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// compression is a way to compress layers, with its media types.
type compression struct {
	mediaType string
	writer    func(io.Writer) (io.WriteCloser, error)
}

var (
	gzipped = compression{v1.MediaTypeImageLayerGzip, func(w io.Writer) (io.WriteCloser, error) {
		// The bulk does not compress, so use the fastest level.
		return gzip.NewWriterLevel(w, gzip.BestSpeed)
	}}
	zstandard = compression{v1.MediaTypeImageLayerZstd, func(w io.Writer) (io.WriteCloser, error) {
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	}}
	// paddedGzip is padded with zeros to a tar block, like the output of some backup
	// tools.
	paddedGzip = compression{v1.MediaTypeImageLayerGzip, func(w io.Writer) (io.WriteCloser, error) {
		z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
		return padding{z, w}, err
	}}
	// wideZstd has a window of 128 MiB, like the output of zstd --ultra -22 for a pipe.
	wideZstd = compression{v1.MediaTypeImageLayerZstd, func(w io.Writer) (io.WriteCloser, error) {
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(128<<20), zstd.WithLowerEncoderMem(true))
	}}
	uncompressed = compression{v1.MediaTypeImageLayer, func(w io.Writer) (io.WriteCloser, error) {
		return plain{w}, nil
	}}
)

// padding is a compressor that appends zeros.
type padding struct {
	*gzip.Writer
	w io.Writer
}

func (p padding) Close() error {
	if err := p.Writer.Close(); err != nil {
		return err
	}
	_, err := p.w.Write(make([]byte, 10240))
	return err
}

// plain is a compressor that does not compress.
type plain struct{ io.Writer }

func (plain) Close() error { return nil }
