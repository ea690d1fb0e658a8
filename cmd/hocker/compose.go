package main

import (
	"context"
	"io"
)

type composeCmd struct {
	builtImage
	outputFlag
}

func (*composeCmd) Help() string {
	return "Example:\n  nix-build && hocker compose ./result | docker load"
}

func (c *composeCmd) Run(ctx context.Context, p process) error {
	if err := c.checkBinary(p, "docker load"); err != nil {
		return err
	}
	composition, err := c.read(ctx)
	if err != nil {
		return err
	}
	return c.write(ctx, p, func(w io.Writer) error { return composition.WriteArchive(ctx, w, nil) })
}
