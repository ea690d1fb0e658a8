package main

import (
	"context"
	"errors"
	"fmt"

	"hocker/fetcher/content"
	"hocker/fetcher/image"
	"hocker/fetcher/nix"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

type docker2nixCmd struct {
	imageFlags
	verifyFlags
	outputFlag
	Manifest     string `placeholder:"FILE" help:"Read the manifest from this file, or from standard input (-)."`
	Fetch        bool   `help:"Ask the registry, even if IMAGE-NAME and IMAGE-TAG are given and standard input has a manifest."`
	AllPlatforms bool   `help:"Write an attribute set with one image for each Nix system."`
	Pin          bool   `help:"Fetch the manifest along with the image, and name its digest."`
	AltName      string `name:"altName" aliases:"alt-name" placeholder:"NAME" help:"Name of the derivation (default: the image's name)."`
}

func (*docker2nixCmd) Help() string {
	return "The manifest comes from the registry. With IMAGE-NAME IMAGE-TAG, as in the first hocker, it is read from standard input if that is a pipe or a file.\n\n" +
		"Example:\n  docker2nix debian:bookworm > debian.nix\n  hocker-manifest library/debian jessie | docker2nix library/debian jessie > debian.nix"
}

// Validate is called by kong.
func (c *docker2nixCmd) Validate() error {
	switch {
	case c.Fetch && c.Manifest != "":
		return fmt.Errorf("--fetch and --manifest cannot be used together")
	case c.PasswordStdin && c.Manifest == "-":
		return fmt.Errorf("--password-stdin and --manifest - cannot be used together: both read standard input")
	case c.AllPlatforms && c.Platform != "":
		return fmt.Errorf("--all-platforms and --platform cannot be used together")
	case c.AltName != "":
		if err := nix.CheckName(c.AltName); err != nil {
			return fmt.Errorf("--altName: %w", err)
		}
	}
	if err := c.verifyFlags.check(); err != nil {
		return err
	}
	return c.registryFlags.Validate()
}

func (c *docker2nixCmd) Run(ctx context.Context, p process) error {
	src, err := c.open(ctx, p)
	if err != nil {
		return err
	}
	v, err := c.verifier(ctx, p, src.Client, src.warn)
	if err != nil {
		return err
	}
	expr, err := c.expression(ctx, p, src, v)
	if err != nil {
		return err
	}
	return c.writeBytes(ctx, p, expr)
}

func (c *docker2nixCmd) expression(ctx context.Context, p process, src source, v *verifier) ([]byte, error) {
	switch {
	case !c.readsManifest(p):
		if c.AllPlatforms {
			return c.allPlatforms(ctx, p, src, v)
		}
		m, err := src.resolveLayers(ctx)
		if err != nil {
			return nil, err
		}
		if src.platform != nil {
			if err := src.checkConfig(ctx, &m); err != nil {
				return nil, err
			}
		}
		if err := v.verify(ctx, src.ref, m.Index, m.Digest); err != nil {
			return nil, err
		}
		return c.image(src.ref, m.Image, m.Digest).Expression()
	case v != nil:
		return nil, usagef("--verify-key and --policy are for an image of a registry, and the manifest comes from a file or a pipe: give --fetch")
	case c.AllPlatforms, c.Platform != "":
		return nil, usagef("--platform and --all-platforms are for a registry's index, and the manifest comes from a file or a pipe: give --fetch")
	}
	in := c.manifestInput()
	m, d, err := in.manifest(ctx, p)
	if err != nil {
		return nil, err
	}
	expr, err := c.image(src.ref, m, d).Expression()
	if err != nil {
		return nil, &manifestInputError{in, err}
	}
	return expr, nil
}

// checkConfig fetches and checks the config of an image that was chosen from an
// index by platform. If no platform was requested, the manifest is enough.
func (s source) checkConfig(ctx context.Context, m *image.Resolved) error {
	config, err := m.CheckConfig(ctx, s.Client, s.ref.Repository)
	if err != nil {
		return fmt.Errorf("%s: %w", s.ref.Familiar(), err)
	}
	s.warnPlatform(m, config)
	return nil
}

// image returns the image that the flags and a manifest describe.
func (c *docker2nixCmd) image(ref reference.Reference, m ocispec.Manifest, d digest.Digest) nix.Image {
	i := nix.Image{Name: c.AltName, Reference: ref, Manifest: m}
	if c.Pin {
		i.Pin = d
	}
	return i
}

// allPlatforms writes an image for each platform of an index that Nix has a
// system for.
func (c *docker2nixCmd) allPlatforms(ctx context.Context, p process, src source, v *verifier) ([]byte, error) {
	index, err := src.Manifest(ctx, src.ref)
	if err != nil {
		return nil, err
	}
	entries, err := image.Images(ctx, src.Client, src.ref.Repository, index)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", src.ref.Familiar(), err)
	}
	var images []nix.SystemImage
	var manifests []digest.Digest
	written := map[string]bool{}
	for _, d := range entries {
		platform := image.FormatPlatform(*d.Platform)
		system := nix.System(*d.Platform)
		if system == "" || written[system] {
			c.warn(p, fmt.Sprintf("left out: %s: Nix has no system for this platform", platform))
			continue
		}
		written[system] = true
		at := src
		at.ref = reference.Reference{Repository: src.ref.Repository, Digest: d.Digest}
		m, err := at.resolveLayers(ctx)
		if errors.Is(err, content.ErrNotFound) && len(entries) > 1 {
			c.warn(p, fmt.Sprintf("left out: %s: %v", platform, err))
			continue
		}
		if err == nil {
			m.Platform = d.Platform
			err = at.checkConfig(ctx, &m)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", platform, err)
		}
		manifests = append(manifests, m.Digest)
		images = append(images, nix.SystemImage{System: system, Image: c.image(src.ref, m.Image, m.Digest)})
	}
	if len(images) == 0 {
		return nil, fmt.Errorf("%s has no image for a Nix system", src.ref.Familiar())
	}
	if err := v.verify(ctx, src.ref, index, manifests...); err != nil {
		return nil, err
	}
	return nix.SystemsExpression(images)
}
