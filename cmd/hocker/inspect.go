package main

import (
	"context"
	"fmt"
	"io"

	"hocker/fetcher"
	"hocker/fetcher/inspect"
	"hocker/fetcher/signature"

	"github.com/opencontainers/go-digest"
)

type inspectCmd struct {
	imageFlags
	verifyFlags
	outputFlag
	JSON bool `name:"json" help:"Print a JSON array of objects instead of tables."`
}

func (*inspectCmd) Help() string {
	return "An image that starts with . or / is a path: an image built by nix-build, an archive, or an OCI layout. " +
		"No layer is downloaded.\n\n" +
		"Example:\n  hocker inspect debian:bookworm\n  hocker inspect --json debian:bookworm | jq -r '.[].environment[]'"
}

// Validate is called by kong.
func (c *inspectCmd) Validate() error {
	if c.isPath() && c.Tag != "" {
		return fmt.Errorf("%s is a path, and has no tag", c.Name)
	}
	if err := c.verifyFlags.check(); err != nil {
		return err
	}
	return c.registryFlags.Validate()
}

func (c *inspectCmd) Run(ctx context.Context, p process) error {
	inspected := c.fetched
	if c.isPath() {
		inspected = c.files
	}
	images, err := inspected(ctx, p)
	if err != nil {
		return err
	}
	for _, i := range images {
		if len(i.History) > 0 && !i.HistoryFits() {
			c.warn(p, fmt.Sprintf("warning: %s: its history does not fit its layers, so it is unknown which command made which layer", c.Name))
		}
	}
	return c.write(ctx, p, func(w io.Writer) error {
		if c.JSON {
			return writeJSON(w, images)
		}
		return writeImages(w, images)
	})
}

// fetched returns an image of a registry.
func (c *inspectCmd) fetched(ctx context.Context, p process) ([]*inspect.Image, error) {
	src, err := c.open(ctx, p)
	if err != nil {
		return nil, err
	}
	v, err := c.verifier(ctx, p, src.Client, src.warn)
	if err != nil {
		return nil, err
	}
	m, err := src.resolve(ctx)
	if err != nil {
		return nil, err
	}
	from := signature.Image{Reference: src.ref, Index: m.Index.Digest, Manifests: []digest.Digest{m.Digest}}
	var signer signature.Key
	if v == nil {
		v = &verifier{&signature.Verifier{Source: fetcher.Signatures{Client: src.Client}}, "", src.warn}
	} else if signer, err = v.vouched(ctx, from, m.Index.Bytes); err != nil {
		return nil, err
	}
	i, err := src.describe(ctx, &m)
	if err != nil {
		return nil, err
	}
	i.SignedBy = signer.Fingerprint
	err = v.list(ctx, from, i)
	if err != nil && !c.verifies() && ctx.Err() == nil {
		c.warn(p, "warning: "+err.Error()) // the rest is known
		i.SignaturesUnread, err = true, nil
	}
	return []*inspect.Image{i}, err
}

// files returns the images at a path, with the signatures of them that were kept.
func (c *inspectCmd) files(ctx context.Context, p process) ([]*inspect.Image, error) {
	trusted, err := readTrusted(ctx, c.VerifyKey, c.Policy)
	if err != nil {
		return nil, err
	}
	v := &verifier{trusted, cacheFolder(p), func(line string) { c.warn(p, line) }}
	files, err := describeFiles(ctx, c.Name, c.platformFlag)
	if err != nil {
		return nil, err
	}
	var images []*inspect.Image
	for _, f := range files {
		i := f.image
		if c.verifies() || f.from.Manifest != nil {
			from, err := fileImage(ctx, c.Name, f.from)
			if err != nil {
				return nil, err
			}
			kept, err := v.offline(ctx, &from)
			if err != nil {
				return nil, err
			}
			if err := kept.list(ctx, from, i); err != nil {
				return nil, err
			}
			if c.verifies() {
				signer, err := kept.vouched(ctx, from, nil)
				if err != nil {
					return nil, err
				}
				i.SignedBy = signer.Fingerprint
			}
		}
		images = append(images, i)
	}
	return images, nil
}

// list adds the signatures of an image's index and manifests to its description. What
// cannot be read is left out, with a warning.
func (v *verifier) list(ctx context.Context, i signature.Image, to *inspect.Image) error {
	for _, d := range append([]digest.Digest{i.Index}, i.Manifests...) {
		if d == "" {
			continue
		}
		kinds, notes, err := v.Kinds(ctx, i.Reference.Repository, d)
		if err != nil {
			return fmt.Errorf("signatures of %s: %w", i.Reference.Familiar(), err)
		}
		for _, kind := range kinds {
			to.Signatures = append(to.Signatures, inspect.Signature{Kind: string(kind), Digest: d})
		}
		for _, note := range notes {
			to.SignaturesUnread = true
			v.warn(fmt.Sprintf("warning: signatures of %s: %s", i.Reference.Familiar(), note))
		}
	}
	return nil
}
