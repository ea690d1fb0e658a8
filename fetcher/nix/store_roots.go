package nix

import (
	"context"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"
)

// RootedStore is a store whose paths get a GC root each, a link in a folder.
type RootedStore struct {
	Store
	roots string // the folder; empty for no roots
}

// NewRootedStore makes the folder, if it is not there.
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

// Add puts a file into the store as [Store.Add] does, and roots it at once: a
// garbage collection may begin before the next one comes.
func (s RootedStore) Add(ctx context.Context, file string) (path string, err error) {
	if path, err = s.Store.Add(ctx, file); err != nil {
		return "", err
	}
	return path, s.root(ctx, path)
}

// root gives a path that is in the store its root, under the path's own name:
// files that share blobs may share the folder.
func (s RootedStore) root(ctx context.Context, path string) error {
	if s.roots == "" {
		return nil
	}
	return s.AddRoot(ctx, filepath.Join(s.roots, filepath.Base(path)), path)
}

// rootAll gives several paths their roots.
func (s RootedStore) rootAll(ctx context.Context, paths []string, jobs int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(jobs)
	for _, path := range paths {
		group.Go(func() error { return s.root(ctx, path) })
	}
	return group.Wait()
}
