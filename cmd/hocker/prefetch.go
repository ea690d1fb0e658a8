package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hocker/fetcher"
	"hocker/fetcher/nix"

	"github.com/opencontainers/go-digest"
	"golang.org/x/sync/errgroup"
)

type prefetchCmd struct {
	registryFlags
	platformFlag
	File         string `arg:"" name:"file" help:"Nix expression that docker2nix wrote."`
	AllPlatforms bool   `help:"Fetch the images for all systems in the file, and not only this one's."`
	Jobs         int    `default:"4" placeholder:"N" help:"Blobs to fetch at a time (4)."`
}

func (*prefetchCmd) Help() string {
	return "Each layer, config and manifest gets the store path that its derivation has, so that a build finds it there. " +
		"What the store has is left out. All paths are printed; they are no GC roots: a garbage collection before the build takes them away.\n\n" +
		"Credentials are for the registry in the file; if there are several, --registry says for which one.\n\n" +
		"Example:\n  hocker prefetch debian.nix && nix-build --option substitute false default.nix"
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
	images, err := readImages(c.File)
	if err != nil {
		return err
	}
	blobs, err := c.choose(p, images)
	if err != nil {
		return err
	}
	store := nix.FindStore(p.getenv)
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
	registry, err := c.secretRegistry(p, blobs)
	if err != nil {
		return err
	}
	client, err := c.client(p, registry)
	if err != nil {
		return err
	}
	if err := c.fetch(ctx, p, client, store, missingBlobs(blobs, store, missing)); err != nil {
		return err
	}
	_, err = io.WriteString(p.stdout, strings.Join(append(paths, ""), "\n"))
	return err
}

// maxExpression bounds what is read as an expression: an image has a few
// hundred bytes for each layer.
const maxExpression = 16 << 20

// readImages reads what docker2nix wrote.
func readImages(path string) ([]nix.ImageBlobs, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &usageError{err}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxExpression+1))
	switch {
	case err != nil:
		return nil, &usageError{err}
	case len(data) > maxExpression:
		return nil, usagef("%s: it is larger than 16 MiB, and not an expression of docker2nix", path)
	case len(bytes.TrimSpace(data)) == 0:
		return nil, usagef("%s: it is empty: did the docker2nix before it fail?", path)
	}
	images, err := nix.ParseExpression(data)
	if err != nil {
		return nil, usagef("%s: %w (what it wrote is read as it is: write it again, or let Nix build what was changed)", path, err)
	}
	return images, nil
}

// choose returns the blobs of the images that are wanted.
func (c *prefetchCmd) choose(p process, images []nix.ImageBlobs) (blobs []nix.Blob, err error) {
	platform, err := c.platform()
	if err != nil {
		return nil, &usageError{err}
	}
	wanted := nix.System(platform)
	if wanted == "" {
		return nil, usagef("--platform: Nix has no system for %s", c.Platform)
	}
	var others []string
	for _, i := range images {
		if i.System == "" && c.Platform != "" {
			return nil, usagef("--platform: %s has one image, and does not say what it is for: leave this out", c.File)
		}
		if i.System == "" || i.System == wanted || c.AllPlatforms {
			blobs = append(blobs, i.Blobs...)
		} else {
			others = append(others, i.System)
		}
	}
	if len(blobs) == 0 {
		return nil, usagef("%s has no image for %s, but for %s: choose with --platform, or take --all-platforms", c.File, wanted, strings.Join(others, ", "))
	}
	return blobs, nil
}

// secretRegistry is the registry that a user name, a password or a token is
// for: the one of --registry, or the only one there is. Nobody else gets it.
func (c *prefetchCmd) secretRegistry(p process, blobs []nix.Blob) (fetcher.Registry, error) {
	if c.Registry != "" {
		registry, err := fetcher.ParseRegistry(c.Registry)
		if err != nil {
			return fetcher.Registry{}, &usageError{err}
		}
		return registry, nil
	}
	return blobs[0].Repository.Registry, nil
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
func (c *prefetchCmd) fetch(ctx context.Context, p process, client *fetcher.Client, store nix.Store, blobs []*wantedBlob) (err error) {
	if len(blobs) == 0 {
		return nil
	}
	dir, err := os.MkdirTemp("", "hocker-prefetch-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	show := newTransfers(newProgress(p, c.Quiet))
	client.Progress = show.report
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(c.Jobs)
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
func (b *wantedBlob) fetch(ctx context.Context, client *fetcher.Client, store nix.Store, dir string, show *transfers) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "part")
	show.begin(b.Blob)
	size, err := b.fetchFile(ctx, client, file)
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

func (b *wantedBlob) fetchFile(ctx context.Context, client *fetcher.Client, file string) (size int64, err error) {
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
	}()
	return fetchContent(ctx, client, b.Kind, b.Repository, b.Digest, f)
}
