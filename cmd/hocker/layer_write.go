package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"hocker/fetcher/atomicfile"
	"hocker/fetcher/bytecount"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// writeBlob writes a layer as it is, compressed or not.
func (c *layerCmd) writeBlob(ctx context.Context, p process, src source, layer ocispec.Descriptor) error {
	if c.Continue != "" {
		return c.continueBlob(ctx, p, src, layer)
	}
	return c.write(ctx, p, func(w io.Writer) error {
		if f, ok := w.(*atomicfile.File); ok && f.Seekable() {
			return c.fetch(ctx, p, src, layer, f.File, 0)
		}
		return c.watch(ctx, p, layer, func(seen io.Writer) error {
			blob, err := src.Blob(ctx, src.ref.Repository, layer)
			if err != nil {
				return err
			}
			defer blob.Close()
			_, err = io.Copy(io.MultiWriter(w, seen), blob)
			return err
		})
	})
}

// continueBlob resumes the transfer of an earlier run. If it fails, it leaves
// what it has fetched.
func (c *layerCmd) continueBlob(ctx context.Context, p process, src source, layer ocispec.Descriptor) error {
	same, err := atomicfile.SameFileSystem(c.Continue, c.Out)
	if err != nil {
		return err
	}
	if !same {
		return usagef("--continue %s is on another file system than --out %s: name files in one folder", c.Continue, c.Out)
	}
	f, err := atomicfile.OpenPart(c.Continue)
	if errors.As(err, new(*atomicfile.PlantedError)) || errors.As(err, new(*atomicfile.BusyError)) {
		return usagef("--continue: %w", err)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	had, err := size(f)
	if err != nil {
		return err
	}
	if err := c.fetch(ctx, p, src, layer, f, had); err != nil {
		return keep(f, err)
	}
	return atomicfile.Replace(f, c.Out)
}

func size(f *os.File) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// keptError is returned for a failed transfer whose first bytes were kept.
type keptError struct {
	err   error
	file  string
	bytes int64
}

func (e *keptError) Error() string { return e.err.Error() }
func (e *keptError) Unwrap() error { return e.err }

func (e *keptError) hint() string {
	return fmt.Sprintf("%s has the first %s of the layer: run the same command again to resume", e.file, bytecount.Format(e.bytes))
}

// keep returns err, the error of a failed transfer, together with how much of
// the content f has kept. It removes an empty file.
func keep(f *os.File, err error) error {
	bytes, sizeErr := size(f)
	switch {
	case sizeErr != nil:
		return err
	case bytes == 0:
		os.Remove(f.Name())
		return err
	}
	return &keptError{err, f.Name(), bytes}
}

// progress shows the transfer of the layer on a terminal, unless the layer is
// piped to another program, which may have something to show too.
func (c *layerCmd) progress(ctx context.Context, p process) progress {
	if c.toStdout() && !p.stdout.regular || !p.stderr.isTerminal() {
		return noProgress{}
	}
	return newProgress(ctx, p, c.Quiet)
}

// fetch fetches a layer into a file that already has its first had bytes.
func (c *layerCmd) fetch(ctx context.Context, p process, src source, layer ocispec.Descriptor, f *os.File, had int64) error {
	show := newTransfers(c.progress(ctx, p))
	show.begin("layer", layer, had)
	n, err := src.FetchBlob(ctx, src.ref.Repository, layer, f, show.of(layer.Digest))
	show.end(layer.Digest, n, err)
	show.done(err == nil)
	return err
}

// watch shows the progress of a layer while read passes it on.
func (c *layerCmd) watch(ctx context.Context, p process, layer ocispec.Descriptor, read func(seen io.Writer) error) error {
	show := c.progress(ctx, p)
	watcher := show.watch("layer", layer)
	err := read(watcher)
	watcher.Done(err)
	show.done(err == nil)
	return err
}
