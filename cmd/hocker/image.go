package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"hocker/fetcher/archive"
	"hocker/fetcher/atomicfile"
	"hocker/fetcher/reference"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

type imageCmd struct {
	imageFlags
	outputFlag
	foreignFlag
	maxUnpackedFlag
	Compressed bool   `help:"Keep the layers compressed, and the manifest as the registry has it."`
	Format     string `enum:"archive,oci-layout" default:"archive" help:"archive: a file for docker load, podman load, ctr image import and skopeo; oci-layout: a folder."`
	Jobs       int    `default:"4" placeholder:"N" help:"Layers to download at a time (default: 4)."`
}

func (*imageCmd) Help() string {
	return "Example:\n  hocker-image debian:jessie --out debian.tar && docker load --input debian.tar"
}

// Validate is called by kong.
func (c *imageCmd) Validate() error {
	switch {
	case c.Format == "oci-layout" && (c.Out == "" || c.Out == "-"):
		return fmt.Errorf("--format oci-layout writes a folder: name it with --out")
	case c.Jobs < 1:
		return fmt.Errorf("--jobs must be at least 1")
	}
	if err := c.maxUnpackedFlag.check(); err != nil {
		return err
	}
	return c.registryFlags.Validate()
}

func (c *imageCmd) Run(ctx context.Context, p process) error {
	if err := c.checkOutput(p); err != nil {
		return err
	}
	src, err := c.open(ctx, p)
	if err != nil {
		return err
	}
	src.Foreign = c.Foreign
	resolved, err := src.resolveLayers(ctx)
	if err != nil {
		return err
	}
	config, err := src.config(ctx, &resolved)
	if err != nil {
		return err
	}
	show := newProgress(ctx, p, c.Quiet)
	for _, layer := range resolved.Image.Layers {
		show.expect(layer.Size)
	}
	export := &archive.Export{
		Source:      src.Client,
		Repository:  src.ref.Repository,
		Reference:   tagOnly(src.ref),
		Image:       resolved,
		Config:      config,
		Compressed:  c.Compressed,
		MaxUnpacked: c.MaxUnpacked,
		Jobs:        c.Jobs,
		Watch:       func(layer ocispec.Descriptor) archive.Watcher { return show.watch("layer", layer) },
	}
	err = c.export(ctx, p, export)
	show.done(err == nil)
	return err
}

// tagOnly returns the name that an engine can give to an image, which has no
// digest.
func tagOnly(ref reference.Reference) string {
	if ref.Tag == "" {
		return ""
	}
	ref.Digest = ""
	return ref.Familiar()
}

// checkOutput finds errors in the output path before any work is done.
func (c *imageCmd) checkOutput(p process) error {
	if c.Format == "oci-layout" {
		entries, err := os.ReadDir(c.Out)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return usagef("--out: %w", err)
		case len(entries) > 0:
			return usagef("--out: %s already exists and is not empty", c.Out)
		}
		return nil
	}
	return c.checkBinary(p, "docker load")
}

func (c *imageCmd) export(ctx context.Context, p process, e *archive.Export) error {
	if c.Format == "oci-layout" {
		return writeFolder(c.Out, func(dir string) error { return e.WriteLayout(ctx, dir) })
	}
	return c.write(ctx, p, func(w io.Writer) error {
		if f, ok := w.(*atomicfile.File); ok && f.Seekable() {
			return e.WriteArchive(ctx, f.File)
		}
		return streamArchive(ctx, w, e)
	})
}

// streamArchive writes an archive to an output that is not seekable.
func streamArchive(ctx context.Context, w io.Writer, e *archive.Export) error {
	f, err := atomicfile.CreateTemporary("")
	if err != nil {
		return err
	}
	defer f.Discard()
	if err := e.WriteArchive(ctx, f.File); err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err = io.Copy(w, f)
	return err
}

// writeFolder calls write to fill a temporary folder beside path, then renames
// the folder.
func writeFolder(path string, write func(dir string) error) error {
	folder, err := atomicfile.CreateFolder(filepath.Dir(filepath.Clean(path)), 0o777)
	if err != nil {
		return err
	}
	defer folder.Discard()
	if err := write(folder.Path); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return folder.Commit(path)
}
