package nix

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"hocker/fetcher/atomicfile"

	"github.com/opencontainers/go-digest"
	"golang.org/x/sync/errgroup"
)

// StoredBlob is a blob and its path in a store.
type StoredBlob struct {
	Blob
	Path    string
	Missing bool // not in the store
}

// Find returns the paths of blobs, each once, and makes roots of those that are
// in the store, up to jobs at a time.
//
// Errors: *[StoreError].
func (s RootedStore) Find(ctx context.Context, blobs []Blob, jobs int) ([]StoredBlob, error) {
	var paths []string
	var found []StoredBlob
	for _, b := range blobs {
		if path := b.StorePath(s.Dir); !slices.Contains(paths, path) {
			paths = append(paths, path)
			found = append(found, StoredBlob{Blob: b, Path: path})
		}
	}
	missing, err := s.Missing(ctx, paths)
	if err != nil {
		return nil, err
	}
	for i := range found {
		found[i].Missing = missing[found[i].Path]
	}
	there := slices.DeleteFunc(paths, func(path string) bool { return missing[path] })
	return found, s.rootAll(ctx, there, jobs)
}

// WantedBlob is a blob to fetch once and to add to the store under each of its
// names.
type WantedBlob struct {
	Blob
	names []string
}

// Wanted returns what to fetch for the missing blobs, in their order.
func Wanted(blobs []StoredBlob) []*WantedBlob {
	var wanted []*WantedBlob
	known := map[digest.Digest]*WantedBlob{}
	for _, b := range blobs {
		if !b.Missing {
			continue
		}
		if known[b.Digest] == nil {
			known[b.Digest] = &WantedBlob{Blob: b.Blob}
			wanted = append(wanted, known[b.Digest])
		}
		known[b.Digest].names = append(known[b.Digest].names, b.Name)
	}
	return wanted
}

// Fetch puts blobs into the store, up to jobs at a time. fetch writes one to a
// file and verifies it. Partial files are removed.
//
// Errors: fetch's own, *[StoreError].
func (s RootedStore) Fetch(ctx context.Context, blobs []*WantedBlob, jobs int, fetch func(ctx context.Context, b Blob, out *os.File) error) error {
	folder, err := atomicfile.CreateFolder("", 0o700)
	if err != nil {
		return err
	}
	defer folder.Discard()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(jobs)
	for _, b := range blobs {
		group.Go(func() error {
			if err := context.Cause(ctx); err != nil {
				return err
			}
			own := filepath.Join(folder.Path, b.Digest.Encoded())
			if err := os.Mkdir(own, 0o700); err != nil {
				return err
			}
			defer os.RemoveAll(own)
			file := filepath.Join(own, "part")
			if err := fetchFile(file, func(out *os.File) error { return fetch(ctx, b.Blob, out) }); err != nil {
				return err
			}
			return s.addNames(ctx, file, b)
		})
	}
	return group.Wait()
}

// fetchFile creates a file and lets fetch write it.
func fetchFile(file string, fetch func(out *os.File) error) (err error) {
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
	}()
	return fetch(f)
}

// addNames adds a blob's file to the store under each of the blob's names.
// nix-store takes the name from the file.
func (s RootedStore) addNames(ctx context.Context, file string, b *WantedBlob) error {
	for _, name := range b.names {
		named := filepath.Join(filepath.Dir(file), name)
		if err := os.Rename(file, named); err != nil {
			return err
		}
		file = named
		path, err := s.Add(ctx, file)
		if err != nil {
			return err
		}
		if want := (Blob{Name: name, Digest: b.Digest}).StorePath(s.Dir); path != want {
			return fmt.Errorf("nix-store added %s as %s, but a build looks for it at %s: is NIX_STORE_DIR correct?", name, path, want)
		}
	}
	return nil
}
