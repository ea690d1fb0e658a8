package main

import (
	"context"
	"fmt"
	"io"
	"path"
	"slices"

	"hocker/fetcher/reference"
)

type tagsCmd struct {
	Name string `arg:"" name:"image-name" help:"Image without a tag, such as debian, ghcr.io/org/app or http://host:5000/app."`
	registryFlags
	plainHTTPFlag
	outputFlag
	Match string `placeholder:"PATTERN" help:"List only the tags that match, such as '1.29.*' or 'bookworm-2026*'."`
	JSON  bool   `name:"json" help:"Print a JSON array of the tags."`
}

func (*tagsCmd) Help() string {
	return "The tags are in the order of versions, the newest last: 1.9, 1.10-rc1, 1.10, latest.\n\n" +
		"Example:\n  hocker tags debian --match 'bookworm*' | tail -n 1"
}

// Validate is called by kong.
func (c *tagsCmd) Validate() error {
	if _, err := path.Match(c.Match, ""); err != nil {
		return fmt.Errorf("--match %q is not a pattern: a [ lacks its ], or nothing follows a \\", c.Match)
	}
	return c.registryFlags.Validate()
}

func (c *tagsCmd) Run(ctx context.Context, p process) error {
	c.Registry = c.address(c.Registry) // credentials are for this address too
	name := imageArgs{Name: c.Name, Tag: "latest"}
	ref, err := name.reference(c.Registry, c.plainHTTPFlag)
	switch {
	case err != nil && name.isTagged():
		return &usageError{err: err, hint: "name the image without a tag or digest"}
	case err != nil:
		return &usageError{err: err}
	}
	audience, err := c.typed([]reference.Registry{ref.Registry})
	if err != nil {
		return err
	}
	client, err := c.client(ctx, p, audience)
	if err != nil {
		return err
	}
	tags, err := client.Tags(ctx, ref.Repository)
	if err != nil {
		return err
	}
	return c.write(ctx, p, func(w io.Writer) error { return c.list(w, tags) })
}

// list writes the tags that were asked for.
func (c *tagsCmd) list(w io.Writer, tags []string) error {
	chosen := []string{}
	for _, tag := range tags {
		if matches, _ := path.Match(c.Match, tag); matches || c.Match == "" { // Validate has checked it
			chosen = append(chosen, tag)
		}
	}
	slices.SortFunc(chosen, reference.CompareTags)
	chosen = slices.Compact(chosen)
	if c.JSON {
		return writeJSON(w, chosen)
	}
	return writeLines(w, chosen...)
}
