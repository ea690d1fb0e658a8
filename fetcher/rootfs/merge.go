package rootfs

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"

	"hocker/fetcher/archive"
	"hocker/fetcher/erofs"
)

// layers are the layers of an image, the lowest first.
type layers struct {
	count int
	// open calls read with the tar archive of a layer. It returns read's error, unless
	// the archive itself cannot be read.
	open func(number int, read func(r io.Reader) error) error
}

// layersOf returns the layers of an image. Each time that one is read, it is verified.
func layersOf(ctx context.Context, c archive.Composition) layers {
	return layers{len(c.Layers), func(number int, read func(r io.Reader) error) error {
		r, w := io.Pipe()
		unpacked := make(chan error, 1)
		go func() {
			err := c.UnpackLayer(ctx, number, w)
			w.CloseWithError(err) // EOF for nil
			unpacked <- err
		}()
		readErr := read(r)
		if readErr == nil { // what comes after the archive is part of the layer, too
			_, readErr = io.Copy(io.Discard, r)
		}
		r.CloseWithError(readErr)
		err := <-unpacked
		if err == nil {
			err = readErr
		}
		if err == nil || ctx.Err() != nil || errors.As(err, new(*archive.LayerError)) {
			return err
		}
		return fmt.Errorf("layer %s: %w", c.Layers[number].Digest, err)
	}}
}

// each calls visit for the entries of a layer. Reading from r gives an entry's content.
func (l layers) each(number int, r *erofs.Reader, visit func(header *tar.Header) error) error {
	return l.open(number, func(archive io.Reader) error {
		r.Reset(archive)
		for {
			header, err := r.Next()
			if err == io.EOF {
				return nil
			}
			if err == nil {
				err = visit(header)
			}
			if err != nil {
				return err
			}
		}
	})
}

// merge returns the tree that the layers make.
func (l layers) merge() (*tree, error) {
	t := newTree()
	r := &erofs.Reader{}
	for number := range l.count {
		err := l.each(number, r, func(header *tar.Header) error {
			return t.apply(number, header, r.Implied())
		})
		if err != nil {
			return nil, err
		}
	}
	return t, nil
}
