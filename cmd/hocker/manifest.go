package main

import (
	"context"
	"fmt"

	"hocker/fetcher/image"
)

type manifestCmd struct {
	imageArgs
	registryFlags
	outputFlag
}

func (*manifestCmd) Help() string {
	return "Example:\n  hocker-manifest library/debian jessie | docker2nix library/debian jessie > debian.nix"
}

func (c *manifestCmd) Run(ctx context.Context, p process) error {
	client, ref, err := c.connect(p, c.imageArgs)
	if err != nil {
		return err
	}
	m, err := client.Manifest(ctx, ref)
	if err != nil {
		return err
	}
	if kind := image.Identify(m.Bytes); kind != image.KindIndex {
		if _, err := image.ParseManifest(m.Bytes); err != nil {
			return fmt.Errorf("manifest of %s: %w", ref.Familiar(), err)
		}
	}
	return c.writeBytes(p, m.Bytes)
}
