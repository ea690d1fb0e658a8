package fetcher

import (
	"io"
	"strings"

	"hocker/fetcher/content"
	"hocker/fetcher/image"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// DefaultMaxBlob limits a blob whose size neither a manifest nor a lock file states,
// in bytes, so that an endless response does not fill the disk. Registries accept no
// larger layers: ghcr.io up to 10 GB, Amazon ECR up to 52,000 MiB.
const DefaultMaxBlob = 64 << 30

// limit returns the largest size that a blob may have. A config has a limit of its
// own, since the commands that need one read it whole.
func (c *Client) limit(desc ocispec.Descriptor) *content.LimitError {
	switch {
	case isConfig(desc):
		return &content.LimitError{Limit: image.MaxConfigSize, Reason: "an image config"}
	case desc.Size > 0:
		return &content.LimitError{Limit: desc.Size, Reason: "this blob"}
	case c.MaxBlob > 0:
		return &content.LimitError{Limit: c.MaxBlob, Reason: unknownSize}
	}
	return &content.LimitError{Limit: DefaultMaxBlob, Reason: unknownSize}
}

const unknownSize = "a blob of unknown size"

// isConfig reports whether the media type is one of configs.
func isConfig(desc ocispec.Descriptor) bool {
	return strings.Contains(desc.MediaType, "config") || strings.Contains(desc.MediaType, "container.image")
}

// boundedWriter rejects content beyond the size of a blob, or beyond its limit if the
// size is unknown.
type boundedWriter struct {
	io.Writer
	desc  ocispec.Descriptor
	limit *content.LimitError
	n     int64
}

func (b *boundedWriter) Write(p []byte) (int, error) {
	b.n += int64(len(p))
	if err := exceeds(b.desc, b.limit, b.n); err != nil {
		return 0, err
	}
	return b.Writer.Write(p)
}

// exceeds returns an error if n bytes are more than a blob may have.
func exceeds(desc ocispec.Descriptor, limit *content.LimitError, n int64) error {
	if size := knownSize(desc); size != content.SizeUnknown && n > size {
		return &content.VerifyError{Want: desc.Digest, Read: n, Size: size}
	}
	if n > limit.Limit {
		return limit
	}
	return nil
}

// knownSize returns the size in a descriptor, or SizeUnknown.
func knownSize(desc ocispec.Descriptor) int64 {
	if desc.Size > 0 {
		return desc.Size
	}
	return content.SizeUnknown
}
