package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hocker/fetcher"
	"hocker/fetcher/nix"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"
)

type prefetchCmd struct {
	registryFlags
	platformFlag
	File         string `arg:"" name:"file" help:"Nix expression, as from docker2nix, or lock file."`
	AllPlatforms bool   `help:"Download the images for every system in the file, not only for this one."`
	JSON         bool   `name:"json" help:"Print a JSON array of objects with path, kind, image, digest and fetched, instead of the paths."`
	GCRoot       string `name:"gc-root" placeholder:"DIR" help:"Keep the paths from garbage collection: link to them from this folder, as GC roots."`
	Jobs         int    `default:"4" placeholder:"N" help:"Blobs to download at a time (default: 4)."`
}

func (*prefetchCmd) Help() string {
	return "Each layer, config and manifest gets the store path of its derivation, so that a build finds it there. " +
		"What the store has is skipped. All paths are printed. Garbage collection may delete them before the build, unless --gc-root keeps them.\n\n" +
		"--username and the like are for the registry that --registry names: the file does not decide who gets a password.\n\n" +
		"Example:\n  hocker prefetch debian.nix && nix-build default.nix\n  hocker prefetch --gc-root images --all-platforms hocker.lock.json"
}

// Validate is called by kong.
func (c *prefetchCmd) Validate() error {
	switch {
	case c.AllPlatforms && c.Platform != "":
		return fmt.Errorf("--all-platforms and --platform exclude each other")
	case c.Jobs < 1:
		return fmt.Errorf("--jobs: at least 1")
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
	store, err := newRootedStore(nix.FindStore(p.getenv), c.GCRoot)
	if err != nil {
		return err
	}
	var paths []string
	for _, b := range blobs {
		if path := b.StorePath(store.Dir); !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	missing, err := store.Missing(ctx, paths)
	if err != nil {
		return err
	}
	there := slices.DeleteFunc(paths, func(path string) bool { return missing[path] })
	if err := store.rootAll(ctx, there, c.Jobs); err != nil {
		return err
	}
	client, err := c.blobClient(ctx, p, blobs)
	if err != nil {
		return err
	}
	if err := c.fetch(ctx, p, client, store, missingBlobs(blobs, store.Store, missing)); err != nil {
		return err
	}
	return c.show(p, blobs, store.Store, missing)
}

// storedRow is a store path in the output of prefetch --json.
type storedRow struct {
	Path    string `json:"path"`
	Kind    string `json:"kind"`    // layer, config or manifest
	Image   string `json:"image"`   // the repository that it is in
	Digest  string `json:"digest"`  // the registry's
	Fetched bool   `json:"fetched"` // else the store had it already
}

// show prints each path once.
func (c *prefetchCmd) show(p process, blobs []nix.Blob, store nix.Store, missing map[string]bool) error {
	rows := []storedRow{}
	for _, b := range blobs {
		path := b.StorePath(store.Dir)
		if slices.ContainsFunc(rows, func(r storedRow) bool { return r.Path == path }) {
			continue
		}
		rows = append(rows, storedRow{path, b.Kind, b.Repository.Familiar(), b.Digest.String(), missing[path]})
	}
	if c.JSON {
		return writeJSON(p, rows)
	}
	var text strings.Builder
	for _, row := range rows {
		text.WriteString(row.Path + "\n")
	}
	_, err := io.WriteString(p.stdout, text.String())
	return err
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
	return c.client(ctx, p, audience)
}

// wantedBlob is what is fetched once, and put into the store under each of its
// names.
type wantedBlob struct {
	nix.Blob
	names []string
}

// missingBlobs are the blobs whose paths are missing, in their order.
func missingBlobs(blobs []nix.Blob, store nix.Store, missing map[string]bool) []*wantedBlob {
	var wanted []*wantedBlob
	known := map[digest.Digest]*wantedBlob{}
	for _, b := range blobs {
		if !missing[b.StorePath(store.Dir)] {
			continue
		}
		if known[b.Digest] == nil {
			known[b.Digest] = &wantedBlob{Blob: b}
			wanted = append(wanted, known[b.Digest])
		}
		if w := known[b.Digest]; !slices.Contains(w.names, b.Name) {
			w.names = append(w.names, b.Name)
		}
	}
	return wanted
}

// fetch puts blobs into the store, some at a time.
func (c *prefetchCmd) fetch(ctx context.Context, p process, client *fetcher.Client, store rootedStore, blobs []*wantedBlob) (err error) {
	if len(blobs) == 0 {
		return nil
	}
	dir, err := os.MkdirTemp("", "hocker-prefetch-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	show := newTransfers(newProgress(ctx, p, c.Quiet))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(c.Jobs)
	for _, b := range blobs {
		show.expect(b.Size)
	}
	for _, b := range blobs {
		group.Go(func() error {
			if err := context.Cause(ctx); err != nil {
				return err
			}
			return b.fetch(ctx, client, store, filepath.Join(dir, b.Digest.Encoded()), show)
		})
	}
	err = group.Wait()
	show.done(err == nil)
	return err
}

// fetch fetches the blob into a folder dir of its own, and adds it to the store.
func (b *wantedBlob) fetch(ctx context.Context, client *fetcher.Client, store rootedStore, dir string, show *transfers) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "part")
	show.begin(b.Kind, ocispec.Descriptor{Digest: b.Digest, Size: b.Size}, 0)
	size, err := b.fetchFile(ctx, client, file, show.of(b.Digest))
	show.end(b.Digest, size, err)
	if err != nil {
		return err
	}
	for _, name := range b.names {
		// The store takes the name from the file.
		named := filepath.Join(dir, name)
		if err := os.Rename(file, named); err != nil {
			return err
		}
		file = named
		path, err := store.Add(ctx, file)
		if err != nil {
			return err
		}
		if want := (nix.Blob{Name: name, Digest: b.Digest}).StorePath(store.Dir); path != want {
			return fmt.Errorf("nix-store put %s to %s, and not to %s, where a build looks for it: is NIX_STORE_DIR the store's?", name, path, want)
		}
	}
	return nil
}

func (b *wantedBlob) fetchFile(ctx context.Context, client *fetcher.Client, file string, progress fetcher.Progress) (size int64, err error) {
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
	}()
	return fetchContent(ctx, client, b.Kind, b.Repository, ocispec.Descriptor{Digest: b.Digest, Size: b.Size}, f, progress)
}
