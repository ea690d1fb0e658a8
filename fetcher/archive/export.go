package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"hocker/fetcher/content"
	"hocker/fetcher/image"
	"hocker/fetcher/internal/transfer"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"
)

// Source is where blobs come from, such as a *[hocker/fetcher.Client]. TeeBlob
// writes a blob to f in any order and to w from start to end, and fails unless
// the blob matches desc. BlobTail returns the last n bytes of a blob,
// unverified.
type Source interface {
	TeeBlob(ctx context.Context, repo reference.Repository, desc ocispec.Descriptor, f transfer.File, w io.Writer) (int64, error)
	BlobTail(ctx context.Context, repo reference.Repository, desc ocispec.Descriptor, n int64) ([]byte, error)
}

// Watcher follows the transfer of one layer. It receives the bytes as they
// arrive. Done is called at the end.
type Watcher interface {
	io.Writer
	Done(err error)
}

// Export is an image to be written to a file or folder. Its layers are fetched
// while it is written.
type Export struct {
	Source     Source
	Repository reference.Repository
	Reference  string         // the name it is loaded under, such as debian:jessie, or empty
	Image      image.Resolved // its manifest
	Config     []byte         // its config's bytes
	// Compressed keeps the layers and the manifest as the registry has them.
	// Otherwise the layers are unpacked and verified against their diff IDs,
	// and a new manifest is made.
	Compressed bool
	// MaxUnpacked limits the size that a layer may unpack to, in bytes; 0 means the
	// default: see [UnpackLimit].
	MaxUnpacked int64
	Jobs        int // layers fetched at a time; below 1 means 1
	// Watch is called when the transfer of a layer begins. It may be nil.
	Watch func(layer ocispec.Descriptor) Watcher
}

// exportLayer is a layer of an export: what is fetched and what is written.
type exportLayer struct {
	number int // in the image, from 0 for the lowest
	from   *ocispec.Descriptor
	diffID digest.Digest
	to     ocispec.Descriptor // its size is known from the start if it stays compressed
}

// layers returns the image's layers, the lowest first.
func (e *Export) layers() ([]exportLayer, error) {
	config, err := image.ParseConfig(e.Config)
	if err != nil {
		return nil, fmt.Errorf("config %s: %w", e.Image.Image.Config.Digest, err)
	}
	if err := config.CheckLayers(len(e.Image.Image.Layers)); err != nil {
		return nil, err
	}
	layers := make([]exportLayer, len(config.DiffIDs))
	for i := range e.Image.Image.Layers {
		from := &e.Image.Image.Layers[i]
		layers[i] = exportLayer{number: i, from: from, diffID: config.DiffIDs[i]}
		if e.Compressed {
			layers[i].to = *from
		} else {
			layers[i].to = unpackedLayer(config.DiffIDs[i])
		}
	}
	return layers, nil
}

// unpackedLayer describes a layer's tar archive, whose size is not known yet.
func unpackedLayer(diffID digest.Digest) ocispec.Descriptor {
	return ocispec.Descriptor{MediaType: ocispec.MediaTypeImageLayer, Digest: diffID, Size: content.SizeUnknown}
}

// distinct returns the layers in order, without those whose output an earlier
// layer has.
func distinct(layers []exportLayer) []*exportLayer {
	var result []*exportLayer
	seen := map[digest.Digest]bool{}
	for i := range layers {
		if d := layers[i].to.Digest; !seen[d] {
			seen[d] = true
			result = append(result, &layers[i])
		}
	}
	return result
}

// eachLayer calls work for each of n layers, starting with the first and at
// most jobs at a time, and then rest. A call of rest does not count as a job.
func eachLayer(ctx context.Context, jobs, n int, work, rest func(ctx context.Context, i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	slots := make(chan struct{}, max(jobs, 1))
	for i := range n {
		slots <- struct{}{}
		group.Go(func() error {
			err := context.Cause(ctx)
			if err == nil {
				err = work(ctx, i)
			}
			<-slots
			if err != nil {
				return err
			}
			return rest(ctx, i)
		})
	}
	return group.Wait()
}

// place is where a layer is written: a whole file, or a part of a larger one.
type place interface {
	transfer.File
	// spare creates a temporary file.
	spare() (*os.File, error)
}

// fetch fetches one layer, writes it to its place in its final form, and
// records its size. If the layer does not match its digest, fetch retries once.
func (e *Export) fetch(ctx context.Context, layer *exportLayer, to place) error {
	err := e.fetchOnce(ctx, layer, to)
	var mismatch *content.VerifyError
	if errors.As(err, &mismatch) && mismatch.Want == layer.from.Digest {
		err = e.fetchOnce(ctx, layer, to)
	}
	return err
}

func (e *Export) fetchOnce(ctx context.Context, layer *exportLayer, to place) (err error) {
	var watch io.Writer = io.Discard
	if e.Watch != nil {
		watcher := e.Watch(*layer.from)
		defer func() { watcher.Done(err) }()
		watch = watcher
	}
	if e.Compressed {
		layer.to.Size, err = e.Source.TeeBlob(ctx, e.Repository, *layer.from, to, watch)
		return err
	}
	layer.to.Size, err = e.unpack(ctx, layer, to, watch)
	return err
}

// unpack unpacks a layer while it is fetched. The packed content goes to a
// spare file, so that the network need not wait for the processor, and ranges
// may arrive in any order.
func (e *Export) unpack(ctx context.Context, layer *exportLayer, to place, watch io.Writer) (int64, error) {
	packed, err := to.spare()
	if err != nil {
		return 0, err
	}
	defer packed.Close()
	r, w := io.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, err := e.Source.TeeBlob(ctx, e.Repository, *layer.from, packed, io.MultiWriter(watch, w))
		w.CloseWithError(err) // nil means EOF
	}()
	size, err := UnpackTo(io.NewOffsetWriter(to, 0), r, layer.diffID, UnpackLimit(layer.from.Size, e.MaxUnpacked))
	r.CloseWithError(errUnpacked)
	<-ended
	return size, err
}

// errUnpacked ends a transfer whose remaining content is not needed.
var errUnpacked = errors.New("unpacking has ended")

// finish sets the sizes of layers that the image has more than once, and
// returns the descriptors of the layers as written.
func finish(layers []exportLayer) []ocispec.Descriptor {
	sizes := map[digest.Digest]int64{}
	for _, layer := range layers {
		if layer.to.Size != content.SizeUnknown {
			sizes[layer.to.Digest] = layer.to.Size
		}
	}
	written := make([]ocispec.Descriptor, len(layers))
	for i := range layers {
		layers[i].to.Size = sizes[layers[i].to.Digest]
		written[i] = layers[i].to
	}
	return written
}
