package main

import (
	"context"
	"io"

	"hocker/fetcher"
	"hocker/fetcher/inspect"
	"hocker/fetcher/reference"
)

type diffCmd struct {
	Old string `arg:"" name:"old" help:"Image, such as debian:jessie, or a path that starts with . or /."`
	New string `arg:"" name:"new" help:"Image to compare it with."`
	registryFlags
	plainHTTPFlag
	platformFlag
	outputFlag
	JSON bool `name:"json" help:"Print a JSON object instead of tables."`
}

func (*diffCmd) Help() string {
	return "No layer is downloaded. The exit code is 0 whether the images differ or not.\n\n" +
		"Example:\n  hocker diff debian:jessie debian:bookworm\n  nix-build && hocker diff --json ./result debian:bookworm | jq .bytes"
}

func (c *diffCmd) Run(ctx context.Context, p process) error {
	c.Registry = c.address(c.Registry) // credentials are for this address too
	sides := []*diffSide{{name: imageArgs{Name: c.Old}}, {name: imageArgs{Name: c.New}}}
	client, err := c.open(ctx, p, sides)
	if err != nil {
		return err
	}
	for _, side := range sides {
		if err := c.describe(ctx, p, client, side); err != nil {
			return err
		}
	}
	d := inspect.Compare(sides[0].image, sides[1].image)
	return c.write(ctx, p, func(w io.Writer) error {
		if c.JSON {
			return writeJSON(w, d)
		}
		return writeDifference(w, d)
	})
}

// diffSide is one of the two images.
type diffSide struct {
	name  imageArgs
	ref   reference.Reference // unless it is a path
	image *inspect.Image
}

// open reads the names of the images, and makes the client for both.
func (c *diffCmd) open(ctx context.Context, p process, sides []*diffSide) (*fetcher.Client, error) {
	var asked []reference.Registry
	for _, side := range sides {
		if side.name.isPath() {
			continue
		}
		var err error
		if side.ref, err = side.name.reference(c.Registry, c.plainHTTPFlag); err != nil {
			return nil, side.name.explain(err)
		}
		asked = append(asked, side.ref.Registry)
	}
	if len(asked) == 0 {
		return nil, nil
	}
	audience, err := c.typed(asked)
	if err != nil {
		return nil, err
	}
	return c.client(ctx, p, audience)
}

// describe describes one of the images.
func (c *diffCmd) describe(ctx context.Context, p process, client *fetcher.Client, side *diffSide) error {
	if side.name.isPath() {
		files, err := describeFiles(ctx, side.name.Name, c.platformFlag)
		if err != nil {
			return err
		}
		for _, f := range files {
			if f.image.Config != files[0].image.Config {
				return usagef("%s has %d images, expected one", side.name.Name, len(files))
			}
		}
		side.image = files[0].image
		return nil
	}
	wanted, err := c.platform()
	if err != nil {
		return &usageError{err: err}
	}
	src := source{client, side.ref, &wanted, func(line string) { c.warn(p, line) }}
	if c.Platform == "" {
		src.platform = nil
	}
	m, err := src.resolve(ctx)
	if err != nil {
		return err
	}
	side.image, err = src.describe(ctx, &m)
	return err
}
