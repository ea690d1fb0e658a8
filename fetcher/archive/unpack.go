package archive

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"hocker/fetcher/content"
	"hocker/fetcher/internal/inflate"
	"hocker/fetcher/internal/transfer"

	"github.com/klauspost/compress/zstd"
	"github.com/opencontainers/go-digest"
)

// maxZstdWindow is the largest window of a zstd layer, in bytes. It limits the
// memory for unpacking. zstd -d accepts the same; zstd --long and levels from 20
// on use it.
// https://github.com/facebook/zstd/blob/v1.5.7/programs/zstd.1.md
const maxZstdWindow = 128 << 20

var errZstdWindow = errors.New("zstd: the window is larger than 128 MiB, the limit of zstd without --long")

// zstdBuffer is how many bytes to read at a time for the zstd decoder, whose
// own reads are small.
const zstdBuffer = 128 << 10

// Unpack returns the tar archive in a layer. It recognizes gzip and zstd by the
// content. The caller must close the result, which does not close packed.
func Unpack(packed io.Reader) (io.ReadCloser, error) {
	start := make([]byte, len(zstdMagic))
	n, err := io.ReadFull(packed, start)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	start = start[:n]
	r := io.MultiReader(bytes.NewReader(start), packed)
	switch DetectCompression(start) {
	case Gzip:
		z, err := inflate.NewReader(r)
		if err != nil {
			return nil, err
		}
		return io.NopCloser(z), nil
	case Zstd:
		z, err := zstd.NewReader(bufio.NewReaderSize(r, zstdBuffer),
			zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxZstdWindow))
		if err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		return z.IOReadCloser(), nil
	}
	return io.NopCloser(r), nil
}

// UnpackTo writes the tar archive in a layer to w and verifies it against its
// diff ID. The archive may have up to limit bytes: see [UnpackLimit]. After an error, the caller must discard what was written. Unless w
// fails, packed is read to its end, so that the error of its own verification
// takes precedence.
//
// Errors: *[UnpackError], those of packed and w.
func UnpackTo(w io.Writer, packed io.Reader, diffID digest.Digest, limit int64) (int64, error) {
	start := &prefix{r: packed}
	got, n, err := unpackTo(w, start, diffID.Algorithm(), limit)
	if err != nil || got == diffID {
		return n, err
	}
	// No tar archive begins with these bytes.
	if packing := foreignPacking(start.bytes); packing != "" {
		return n, &UnpackError{&PackingError{packing}}
	}
	return n, &UnpackError{&content.VerifyError{Want: diffID, Got: got, Read: n, Size: content.SizeUnknown}}
}

// UnpackDigest writes the tar archive in a layer to w, and returns its diff ID and
// its size. It is UnpackTo for a layer of which no diff ID is known.
func UnpackDigest(w io.Writer, packed io.Reader, limit int64) (digest.Digest, int64, error) {
	start := &prefix{r: packed}
	diffID, n, err := unpackTo(w, start, digest.Canonical, limit)
	if packing := foreignPacking(start.bytes); packing != "" {
		return "", n, &UnpackError{&PackingError{packing}}
	}
	return diffID, n, err
}

// unpackTo writes the tar archive in a layer to w, reads packed to its end, and
// returns the archive's digest.
func unpackTo(w io.Writer, packed io.Reader, algorithm digest.Algorithm, limit int64) (digest.Digest, int64, error) {
	to := &stickyWriter{w: w}
	got, n, unpackErr := unpackHashed(to, packed, algorithm, limit)
	if to.err != nil {
		return "", n, to.err
	}
	// Data after the compressed part belongs to the layer too, and the likely
	// cause of broken data is a broken transfer.
	if _, err := io.Copy(io.Discard, packed); err != nil {
		return "", n, err
	}
	if unpackErr != nil {
		return "", n, &UnpackError{unpackErr}
	}
	return got, n, nil
}

// stickyWriter keeps the writer's error, to distinguish it from an error of the
// content.
type stickyWriter struct {
	w   io.Writer
	err error
}

func (s *stickyWriter) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	if err != nil {
		s.err = err
	}
	return n, err
}

func unpackHashed(w io.Writer, packed io.Reader, algorithm digest.Algorithm, limit int64) (digest.Digest, int64, error) {
	tar, err := Unpack(packed)
	if err != nil {
		return "", 0, err
	}
	defer tar.Close()
	h := algorithm.Hash()
	// One core unpacks while another hashes, since an image may have a single
	// layer. No close is needed to end reads of a file or a transfer.
	n, err := transfer.CopyAhead(io.MultiWriter(h, w), io.NopCloser(&limitedReader{Reader: tar, limit: limit}))
	if errors.Is(err, zstd.ErrWindowSizeExceeded) {
		err = errZstdWindow
	}
	return digest.NewDigest(algorithm, h), n, err
}
