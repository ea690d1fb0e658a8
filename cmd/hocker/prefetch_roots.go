package main

import (
	"context"
	"os"
	"path/filepath"

	"hocker/fetcher/nix"

	"golang.org/x/sync/errgroup"
)

// rootedStore is a store whose paths get a GC root each, a link in a folder.
type rootedStore struct {
	nix.Store
	roots string // the folder; empty for no roots
}

// newRootedStore makes the folder, if it is not there.
func newRootedStore(store nix.Store, roots string) (rootedStore, error) {
	if roots == "" {
		return rootedStore{Store: store}, nil
	}
	dir, err := filepath.Abs(roots)
	if err != nil {
		return rootedStore{}, err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return rootedStore{}, usagef("--gc-root: %w", err)
	}
	return rootedStore{store, dir}, nil
}

// Add puts a file into the store as [nix.Store.Add] does, and roots it at once: a
// garbage collection may begin before the next one comes.
func (s rootedStore) Add(ctx context.Context, file string) (path string, err error) {
	if path, err = s.Store.Add(ctx, file); err != nil {
		return "", err
	}
	return path, s.root(ctx, path)
}

// root gives a path that is in the store its root, under the path's own name:
// files that share blobs may share the folder.
func (s rootedStore) root(ctx context.Context, path string) error {
	if s.roots == "" {
		return nil
	}
	return s.AddRoot(ctx, filepath.Join(s.roots, filepath.Base(path)), path)
}

// rootAll gives several paths their roots.
func (s rootedStore) rootAll(ctx context.Context, paths []string, jobs int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(jobs)
	for _, path := range paths {
		group.Go(func() error { return s.root(ctx, path) })
	}
	return group.Wait()
}
