package main

import (
	"context"
	"io"

	"hocker/fetcher/image"
)

type composeCmd struct {
	Image string `arg:"" name:"image.json" help:"The image.json beside a compositeImage.sh in the store."`
	outputFlag
}

func (*composeCmd) Help() string {
	return "Example:\n  $(nix-build debian.nix)/compositeImage.sh | docker load"
}

func (c *composeCmd) Run(ctx context.Context, p process) error {
	if err := c.checkBinary(p, "docker load"); err != nil {
		return err
	}
	composition, err := readComposition(ctx, c.Image)
	if err != nil {
		return err
	}
	return c.write(ctx, p, func(w io.Writer) error { return composition.WriteArchive(ctx, w) })
}

// readComposition reads an image.json.
func readComposition(ctx context.Context, path string) (image.Composition, error) {
	return await(ctx, func() (image.Composition, error) { return image.ReadComposition(path) })
}
