package image

import (
	"context"
	"fmt"
	"io"

	"hocker/fetcher"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"
)

// BlobSource is where blobs come from; *[fetcher.Client] is one. What its
// readers end with [io.EOF] matches the descriptor.
type BlobSource interface {
	Blob(ctx context.Context, repo fetcher.Repository, desc ocispec.Descriptor) (io.ReadCloser, error)
}

// Export is an image that is to be written to a file or a folder, with its
// layers fetched on the way.
type Export struct {
	Source     BlobSource
	Repository fetcher.Repository
	Reference  string   // the name it is loaded under, as debian:jessie, or empty
	Image      Resolved // its manifest
	Config     []byte   // its config's bytes
	// Compressed keeps the layers and the manifest as the registry has them.
	// Otherwise layers are unpacked and checked against their diff IDs, and
	// the manifest is made anew.
	Compressed bool
	Jobs       int // layers fetched at a time; below 1 means 1
	// Watch is called as a layer's transfer begins, and may wrap its body to
	// follow it; nil means that nobody watches.
	Watch func(layer ocispec.Descriptor, body io.ReadCloser) io.ReadCloser
}

// exportLayer is a layer of an export: what is fetched and what is written.
type exportLayer struct {
	from   ocispec.Descriptor
	diffID digest.Digest
	to     ocispec.Descriptor // its size is known from the start if it stays compressed
}

// layers returns the image's layers, the lowest first.
func (e *Export) layers() ([]exportLayer, error) {
	config, err := ParseConfig(e.Config)
	if err != nil {
		return nil, fmt.Errorf("config %s: %w", e.Image.Image.Config.Digest, err)
	}
	if err := config.CheckLayers(len(e.Image.Image.Layers)); err != nil {
		return nil, err
	}
	layers := make([]exportLayer, len(config.DiffIDs))
	for i, from := range e.Image.Image.Layers {
		layers[i] = exportLayer{from: from, diffID: config.DiffIDs[i]}
		if e.Compressed {
			layers[i].to = from
		} else {
			layers[i].to = ocispec.Descriptor{
				MediaType: ocispec.MediaTypeImageLayer,
				Digest:    config.DiffIDs[i],
				Size:      fetcher.SizeUnknown,
			}
		}
	}
	return layers, nil
}

// distinct returns the layers whose output differs, in their order.
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

// fetchAll runs fetch for each layer, e.Jobs at a time and beginning with the
// first, and after each the rest of its work, for which no other waits.
func (e *Export) fetchAll(ctx context.Context, layers []*exportLayer, fetch, rest func(ctx context.Context, i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	jobs := make(chan struct{}, max(e.Jobs, 1))
	for i := range layers {
		jobs <- struct{}{}
		group.Go(func() error {
			err := context.Cause(ctx)
			if err == nil {
				err = fetch(ctx, i)
			}
			<-jobs
			if err != nil {
				return err
			}
			return rest(ctx, i)
		})
	}
	return group.Wait()
}

// fetch writes one layer to w, as it is to stand there, and notes its size.
func (e *Export) fetch(ctx context.Context, layer *exportLayer, w io.Writer) error {
	body, err := e.Source.Blob(ctx, e.Repository, layer.from)
	if err != nil {
		return err
	}
	if e.Watch != nil {
		body = e.Watch(layer.from, body)
	}
	defer body.Close()
	if e.Compressed {
		_, err = io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{body}, make([]byte, copyBufferSize))
		return err
	}
	layer.to.Size, err = UnpackTo(w, body, layer.diffID)
	return err
}

// finish sets the sizes of layers that stand in the image more than once.
func finish(layers []exportLayer) {
	sizes := map[digest.Digest]int64{}
	for _, layer := range layers {
		if layer.to.Size != fetcher.SizeUnknown {
			sizes[layer.to.Digest] = layer.to.Size
		}
	}
	for i := range layers {
		layers[i].to.Size = sizes[layers[i].to.Digest]
	}
}
