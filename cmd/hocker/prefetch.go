package main

import (
	"context"
	"fmt"
	"os"

	"hocker/fetcher"
	"hocker/fetcher/nix"
	"hocker/fetcher/reference"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

type prefetchCmd struct {
	registryFlags
	platformFlag
	File         string `arg:"" name:"file" help:"Nix expression, such as one from docker2nix, or lock file."`
	AllPlatforms bool   `help:"Download the images for every system in the file, not only for this one."`
	JSON         bool   `name:"json" help:"Print a JSON array of objects with path, kind, image, digest and fetched, instead of the paths."`
	GCRoot       string `name:"gc-root" placeholder:"DIR" help:"Protect the paths from garbage collection with GC roots, links in this folder."`
	Jobs         int    `default:"4" placeholder:"N" help:"Blobs to download at a time (default: 4)."`
}

func (*prefetchCmd) Help() string {
	return "Each layer, config and manifest gets the store path of its derivation, so that a build finds it there. " +
		"Blobs in the store are skipped. All paths are printed. Garbage collection may delete them before the build, unless --gc-root keeps them.\n\n" +
		"--username and the other credential flags apply only to the registry in --registry: a file must not decide who gets a password.\n\n" +
		"Example:\n  hocker prefetch debian.nix && nix-build default.nix\n  hocker prefetch --gc-root images --all-platforms hocker.lock.json"
}

// Validate is called by kong.
func (c *prefetchCmd) Validate() error {
	switch {
	case c.AllPlatforms && c.Platform != "":
		return fmt.Errorf("--all-platforms and --platform cannot be used together")
	case c.Jobs < 1:
		return fmt.Errorf("--jobs must be at least 1")
	}
	return c.registryFlags.Validate()
}

func (c *prefetchCmd) Run(ctx context.Context, p process) error {
	images, err := readImages(ctx, c.File)
	if err != nil {
		return err
	}
	blobs, err := c.choose(p, images)
	if err != nil {
		return err
	}
	store, err := nix.NewRootedStore(nix.FindStore(p.getenv), c.GCRoot)
	if err != nil {
		return usagef("--gc-root: %w", err)
	}
	found, err := store.Find(ctx, blobs, c.Jobs)
	if err != nil {
		return err
	}
	client, err := c.blobClient(ctx, p, blobs)
	if err != nil {
		return err
	}
	if err := c.fetch(ctx, p, client, store, nix.Wanted(found)); err != nil {
		return err
	}
	return c.show(p, found)
}

// storedRow is a store path in the output of prefetch --json.
type storedRow struct {
	Path    string `json:"path"`
	Kind    string `json:"kind"`    // layer, config or manifest
	Image   string `json:"image"`   // its repository
	Digest  string `json:"digest"`  // the registry's
	Fetched bool   `json:"fetched"` // false if it was in the store before
}

// show prints each path once.
func (c *prefetchCmd) show(p process, found []nix.StoredBlob) error {
	rows := []storedRow{}
	for _, b := range found {
		rows = append(rows, storedRow{b.Path, b.Kind, b.Repository.Familiar(), b.Digest.String(), b.Missing})
	}
	if c.JSON {
		return writeJSON(p.stdout, rows)
	}
	paths := make([]string, len(rows))
	for i, row := range rows {
		paths[i] = row.Path
	}
	return writeLines(p.stdout, paths...)
}

// blobClient makes one client for the registries of all blobs.
func (c *prefetchCmd) blobClient(ctx context.Context, p process, blobs []nix.Blob) (*fetcher.Client, error) {
	registries := make([]reference.Registry, len(blobs))
	for i, b := range blobs {
		registries[i] = b.Repository.Registry
	}
	audience, err := c.readFrom(registries)
	if err != nil {
		return nil, err
	}
	client, err := c.client(ctx, p, audience)
	if err != nil {
		return nil, err
	}
	for _, b := range blobs {
		client.MaxBlob = max(client.MaxBlob, b.MaxSize)
	}
	return client, nil
}

// fetch puts blobs into the store, with progress bars.
func (c *prefetchCmd) fetch(ctx context.Context, p process, client *fetcher.Client, store nix.RootedStore, blobs []*nix.WantedBlob) error {
	if len(blobs) == 0 {
		return nil
	}
	show := newTransfers(newProgress(ctx, p, c.Quiet))
	for _, b := range blobs {
		show.expect(b.Size)
	}
	err := store.Fetch(ctx, blobs, c.Jobs, func(ctx context.Context, b nix.Blob, out *os.File) error {
		desc := ocispec.Descriptor{Digest: b.Digest, Size: b.Size}
		show.begin(b.Kind, desc, 0)
		size, err := fetchContent(ctx, client, b.Kind, b.Repository, desc, out, show.of(b.Digest))
		show.end(b.Digest, size, err)
		return err
	})
	show.done(err == nil)
	return err
}
