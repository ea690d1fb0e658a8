package main

import (
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

func (c *composeCmd) Run(p process) error {
	composition, err := image.ReadComposition(c.Image)
	if err != nil {
		return err
	}
	return c.write(p, func(w io.Writer) error { return composition.WriteArchive(w) })
}
