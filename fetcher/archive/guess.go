package archive

import (
	"context"
	"encoding/binary"
	"errors"

	"hocker/fetcher/content"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"
)

// errWrongGuess is returned for a layer that unpacks to another size than
// guessed.
var errWrongGuess = errors.New("the layer does not have the size in its gzip trailer")

// guessFrom is the smallest size of a compressed layer, in bytes, for which a
// guess is worth a request.
const guessFrom = 4 << 20

// guessSizes guesses the unpacked sizes of the layers: gzip data ends with its
// size. If a layer has several gzip members, that is the size of the last one.
// So implausible sizes are dropped, and the others remain guesses until the
// layer is unpacked.
// https://www.rfc-editor.org/rfc/rfc1952#section-2.3.1
func (e *Export) guessSizes(ctx context.Context, layers []*exportLayer) []int64 {
	guesses := make([]int64, len(layers))
	var group errgroup.Group
	group.SetLimit(max(e.Jobs, 1))
	for i, layer := range layers {
		guesses[i] = layer.to.Size
		// The last layer needs no guess: no layer follows it.
		if layer.to.Size != content.SizeUnknown || layer.from.Size < guessFrom || i == len(layers)-1 {
			continue
		}
		group.Go(func() error {
			if size, ok := e.guessSize(ctx, *layer.from); ok {
				guesses[i] = size
			}
			return nil
		})
	}
	group.Wait()
	return guesses
}

// maxDeflateRatio is the highest compression ratio of deflate.
// https://zlib.net/zlib_tech.html
const maxDeflateRatio = 1032

func (e *Export) guessSize(ctx context.Context, layer ocispec.Descriptor) (int64, bool) {
	tail, err := e.Source.BlobTail(ctx, e.Repository, layer, 4)
	if err != nil || len(tail) != 4 {
		return 0, false
	}
	return sizeFromTail(tail, layer.Size)
}

// sizeFromTail reads the unpacked size from the last four bytes of gzip data,
// whose length is packed, and reports whether it is plausible.
func sizeFromTail(tail []byte, packed int64) (size int64, plausible bool) {
	size = int64(binary.LittleEndian.Uint32(tail))
	return size, size > packed-packed/64 && size/maxDeflateRatio <= packed
}

// guessFileSize is guessSize for a layer in a file.
func guessFileSize(file File) int64 {
	switch file.MediaType {
	case ocispec.MediaTypeImageLayer:
		return file.Size
	case ocispec.MediaTypeImageLayerGzip:
	default:
		return content.SizeUnknown
	}
	f, err := file.open()
	if err != nil {
		return content.SizeUnknown
	}
	defer f.Close()
	var tail [4]byte
	if _, err := f.ReadAt(tail[:], file.Size-int64(len(tail))); err != nil {
		return content.SizeUnknown
	}
	if size, ok := sizeFromTail(tail[:], file.Size); ok {
		return size
	}
	return content.SizeUnknown
}
