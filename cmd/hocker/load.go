package main

import (
	"context"
	"fmt"
	"io"

	"hocker/fetcher"
	"hocker/fetcher/engine"
	"hocker/fetcher/image"

	"github.com/opencontainers/go-digest"
)

type loadCmd struct {
	Image string `arg:"" name:"image.json" help:"The image.json beside a compositeImage.sh in the store."`
	Host  string `placeholder:"URI" help:"Container engine: unix:///PATH, tcp://HOST:PORT or ssh://USER@HOST (default: the one docker would talk to, else podman's)."`
}

func (*loadCmd) Help() string {
	return "Example:\n  $(nix-build debian.nix -A load)/bin/load"
}

func (c *loadCmd) Run(ctx context.Context, p process) error {
	composition, err := readComposition(ctx, c.Image)
	if err != nil {
		return err
	}
	wanted, err := engineImage(ctx, composition)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Image, err)
	}
	e, err := engine.Find(ctx, c.Host, p.getenv)
	if err != nil {
		return err
	}
	outcome, err := e.Ensure(ctx, wanted)
	if err != nil {
		return err
	}
	name := composition.Reference
	if name == "" {
		name = composition.Config.Digest.String()
	}
	switch outcome {
	case engine.Present:
		fmt.Fprintf(p.stdout, "Image is there already: %s\n", name)
	case engine.Tagged:
		fmt.Fprintf(p.stdout, "Tagged image: %s\n", name)
	case engine.Loaded:
		fmt.Fprintf(p.stdout, "Loaded image: %s\n", name)
	}
	return nil
}

// engineImage is what an engine is told of the image.
func engineImage(ctx context.Context, c image.Composition) (engine.Image, error) {
	manifest, err := c.ManifestBytes()
	if err != nil {
		return engine.Image{}, err
	}
	wanted := engine.Image{
		IDs:   []digest.Digest{c.Config.Digest, digest.FromBytes(manifest)},
		Write: func(w io.Writer) error { return c.WriteArchive(ctx, w) },
	}
	if c.Reference != "" {
		wanted.Reference, err = fetcher.ParseReference(c.Reference)
	}
	return wanted, err
}
