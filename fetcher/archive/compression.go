package archive

import (
	"bytes"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Compression is how a layer's tar archive is compressed.
type Compression int

// The compressions that the image specification allows.
const (
	Uncompressed Compression = iota
	Gzip
	Zstd
)

// The first bytes of compressed data: https://www.rfc-editor.org/rfc/rfc1952,
// https://www.rfc-editor.org/rfc/rfc8878.
var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// MediaType returns the OCI media type of a layer with this compression.
func (c Compression) MediaType() string {
	switch c {
	case Gzip:
		return ocispec.MediaTypeImageLayerGzip
	case Zstd:
		return ocispec.MediaTypeImageLayerZstd
	}
	return ocispec.MediaTypeImageLayer
}

// DetectCompression recognizes a layer's compression by its first bytes, since
// media types and file names are often wrong.
func DetectCompression(start []byte) Compression {
	switch {
	case bytes.HasPrefix(start, gzipMagic):
		return Gzip
	case bytes.HasPrefix(start, zstdMagic), isSkippableFrame(start):
		return Zstd
	}
	return Uncompressed
}

// isSkippableFrame reports whether zstd data begins with a skippable frame,
// such as the table of contents of a seekable layer.
func isSkippableFrame(start []byte) bool {
	return len(start) >= 4 && start[0]&0xf0 == 0x50 && bytes.Equal(start[1:4], []byte{0x2a, 0x4d, 0x18})
}
