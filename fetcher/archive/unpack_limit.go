package archive

import (
	"io"
	"math"

	"hocker/fetcher/content"
)

// A layer may unpack to maxRatio times its size, and a small one to smallLimit bytes.
// Layers of programs and text unpack to two to thirty times their size; only runs of
// zeros come near to the 1032 of gzip. A gzip bomb of 10 MB, which would fill 10 GB, ends
// at 1 GiB.
const (
	maxRatio   = 100
	smallLimit = 1 << 30
)

// UnpackLimit returns the largest size, in bytes, that a layer of a size may unpack to.
// It is most if that is above zero.
func UnpackLimit(packed, most int64) int64 {
	if most > 0 {
		return most
	}
	return max(smallLimit, maxRatio*min(packed, math.MaxInt64/maxRatio))
}

// limitedReader fails after limit bytes.
type limitedReader struct {
	io.Reader
	limit int64
	n     int64
}

func (l *limitedReader) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if l.n += int64(n); l.n > l.limit {
		return 0, &content.LimitError{Limit: l.limit, Reason: "this layer when it is unpacked"}
	}
	return n, err
}
