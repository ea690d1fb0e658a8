package nix

import (
	"context"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"
)

// RootedStore is a store in which each path gets a GC root, a link in a folder.
type RootedStore struct {
	Store
	roots string // the folder; empty for no roots
}

// NewRootedStore creates the folder if it does not exist.
func NewRootedStore(store Store, roots string) (RootedStore, error) {
	if roots == "" {
		return RootedStore{Store: store}, nil
	}
	dir, err := filepath.Abs(roots)
	if err != nil {
		return RootedStore{}, err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return RootedStore{}, err
	}
	return RootedStore{store, dir}, nil
}

// Add adds a file as [Store.Add] does and makes its root at once, since a
// garbage collection may start before the next file is added.
func (s RootedStore) Add(ctx context.Context, file string) (path string, err error) {
	if path, err = s.Store.Add(ctx, file); err != nil {
		return "", err
	}
	return path, s.root(ctx, path)
}

// root makes a root of a path in the store. The root has the path's name, so
// that lock files that share blobs can share the folder.
func (s RootedStore) root(ctx context.Context, path string) error {
	if s.roots == "" {
		return nil
	}
	return s.AddRoot(ctx, filepath.Join(s.roots, filepath.Base(path)), path)
}

// rootAll makes roots of several paths, up to jobs at a time.
func (s RootedStore) rootAll(ctx context.Context, paths []string, jobs int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(jobs)
	for _, path := range paths {
		group.Go(func() error { return s.root(ctx, path) })
	}
	return group.Wait()
}
