package main

import (
	"context"
	"fmt"

	"hocker/fetcher/image"
)

type manifestCmd struct {
	imageFlags
	verifyFlags
	outputFlag
	Index         bool `help:"Print the index of a multi-platform image instead of the manifest for one platform."`
	Digest        bool `help:"Print only the digest."`
	ListPlatforms bool `help:"List the platforms of the image."`
	JSON          bool `name:"json" help:"With --list-platforms: print a JSON array of objects with platform, digest and size."`
}

func (*manifestCmd) Help() string {
	return "Example:\n" +
		"  hocker-manifest --list-platforms debian:bookworm\n" +
		"  hocker-manifest library/debian jessie | docker2nix library/debian jessie > debian.nix"
}

// Validate is called by kong.
func (c *manifestCmd) Validate() error {
	switch {
	case c.ListPlatforms && (c.Index || c.Digest):
		return fmt.Errorf("--list-platforms cannot be used with --index or --digest")
	case c.JSON && !c.ListPlatforms:
		return fmt.Errorf("--json needs --list-platforms: a manifest is always JSON")
	}
	if err := c.verifyFlags.check(); err != nil {
		return err
	}
	return c.registryFlags.Validate()
}

func (c *manifestCmd) Run(ctx context.Context, p process) error {
	src, err := c.open(ctx, p)
	if err != nil {
		return err
	}
	v, err := c.verifier(ctx, p, src.Client, src.warn)
	if err != nil {
		return err
	}
	if c.ListPlatforms {
		return c.listPlatforms(ctx, p, src, v)
	}
	m, err := c.manifest(ctx, src, v)
	if err != nil {
		return err
	}
	if c.Digest {
		return c.writeBytes(ctx, p, []byte(m.Digest.String()+"\n"))
	}
	return c.writeBytes(ctx, p, m.Bytes)
}

// manifest fetches, checks and verifies the manifest to print.
func (c *manifestCmd) manifest(ctx context.Context, src source, v *verifier) (image.Manifest, error) {
	if !c.Index {
		resolved, err := src.resolve(ctx)
		if err != nil {
			return image.Manifest{}, err
		}
		return resolved.Manifest, v.verify(ctx, src.ref, resolved.Index, resolved.Digest)
	}
	m, err := src.Manifest(ctx, src.ref)
	if err != nil {
		return image.Manifest{}, err
	}
	if _, err := image.ParseIndex(m.Bytes); err != nil {
		return image.Manifest{}, fmt.Errorf("%s: %w", src.ref.Familiar(), err)
	}
	return m, v.verify(ctx, src.ref, m)
}
