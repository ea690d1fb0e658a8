package main

import (
	"fmt"
	"io"
	"os"

	"hocker/fetcher/image"
	"hocker/fetcher/nix"
)

type docker2nixCmd struct {
	imageArgs
	outputFlag
	Registry string `placeholder:"URI" help:"Registry's address for the expression (default: the image name's host, else Docker Hub)."`
	Manifest string `placeholder:"FILE" help:"Read the manifest from this file instead of standard input."`
	AltName  string `name:"altName" aliases:"alt-name" placeholder:"NAME" help:"Name of the derivation, instead of the image's."`
}

func (*docker2nixCmd) Help() string {
	return "Example:\n  hocker-manifest library/debian jessie | docker2nix library/debian jessie > debian.nix"
}

// maxManifest is the limit that a registry client has for manifests.
const maxManifest = 4 << 20

func (c *docker2nixCmd) Run(p process) error {
	ref, err := c.reference(c.Registry)
	if err != nil {
		return &usageError{err}
	}
	if c.AltName != "" {
		if err := nix.CheckName(c.AltName); err != nil {
			return &usageError{fmt.Errorf("--altName: %w", err)}
		}
	}
	data, source, err := c.readManifest(p)
	if err != nil {
		return err
	}
	m, err := image.ParseManifest(data)
	if err != nil {
		return fmt.Errorf("%s: %w", source, err)
	}
	expr, err := nix.Image{Name: c.AltName, Reference: ref, Manifest: m}.Expression()
	if err != nil {
		return fmt.Errorf("%s: %w", source, err)
	}
	return c.writeBytes(p, expr)
}

func (c *docker2nixCmd) readManifest(p process) (data []byte, source string, err error) {
	in, source := p.stdin, "manifest on standard input"
	if c.Manifest != "" {
		f, err := os.Open(c.Manifest)
		if err != nil {
			return nil, "", &usageError{err}
		}
		defer f.Close()
		in, source = f, "manifest "+c.Manifest
	}
	data, err = io.ReadAll(io.LimitReader(in, maxManifest+1))
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", source, err)
	}
	if len(data) > maxManifest {
		return nil, "", fmt.Errorf("%s: it is larger than 4 MiB, which is more than a manifest may be", source)
	}
	return data, source, nil
}
