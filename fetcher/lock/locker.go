package lock

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"hocker/fetcher/image"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
)

// Lock resolves the wanted images and returns them under the same names. It does not
// request manifests that f already has.
//
// Errors: *[FailuresError].
func (l *Locker) Lock(ctx context.Context, f File, wanted map[string]Wanted) (map[string]Image, error) {
	q, known := newQueue(l.Source, l.Jobs), f.platforms()
	return forEach(ctx, slices.Sorted(maps.Keys(wanted)), func(name string) (Image, error) {
		w := wanted[name]
		if w.Follow != "" {
			tag, err := newest(ctx, q, w.Reference, w.Follow)
			if err != nil {
				return Image{}, err
			}
			w.Reference.Tag = tag
		}
		return l.lock(ctx, q, known, w, w.Reference)
	})
}

// Update resolves the tags of the named images again, and returns the images as they are
// now. An image that follows tags gets the newest one, unless that is older than the
// locked one. Pinned images and those whose tag has not moved are unchanged, but with
// keys they are verified too. Every image keeps its platforms, and the key that signed it.
//
// Errors: *[FailuresError], the cause of ctx. The images that could be resolved are
// returned with it.
func (l *Locker) Update(ctx context.Context, f File, names []string) (map[string]Image, error) {
	return l.Renew(ctx, f, names, nil)
}

// Renew is Update for images of which some have changed in their sources: those get what
// is wanted now. They may be new in f.
func (l *Locker) Renew(ctx context.Context, f File, names []string, wanted map[string]Wanted) (map[string]Image, error) {
	q, known := newQueue(l.Source, l.Jobs), f.platforms()
	return forEach(ctx, names, func(name string) (Image, error) {
		if w, ok := wanted[name]; ok {
			return l.lock(ctx, q, known, w, w.Reference)
		}
		i := f.Images[name]
		if i.stale != nil {
			return l.again(ctx, q, known, i)
		}
		ref, current, err := l.current(ctx, q, i)
		if err != nil {
			return Image{}, err
		}
		return l.at(ctx, q, known, i, ref, current)
	})
}

// again locks a stale image, whose digests say nothing.
func (l *Locker) again(ctx context.Context, q *queue, known map[digest.Digest]Platform, i Image) (Image, error) {
	w := i.wanted()
	if !i.Pinned() {
		ref, _, err := l.followed(ctx, q, i)
		if err != nil {
			return Image{}, err
		}
		w.Reference = ref
	}
	return l.lock(ctx, q, known, w, w.Reference)
}

// at returns a locked image as it is at the reference and the digest that it resolves to
// now.
func (l *Locker) at(ctx context.Context, q *queue, known map[digest.Digest]Platform, i Image, ref reference.Reference, current digest.Digest) (Image, error) {
	i.Reference = ref
	switch {
	case current != i.Digest():
		// By digest, so that the manifest is verified, and requested once for all tags
		// that name it.
		return l.lock(ctx, q, known, i.wanted(), reference.Reference{Repository: i.Reference.Repository, Digest: current})
	case l.Vouch == nil:
		return i, nil
	}
	return l.verify(ctx, q, i, i.wanted(), nil)
}

// Tag is the locked reference and digest of an image, and those that an update would lock.
type Tag struct {
	Reference, Now  reference.Reference // they differ if the image follows tags
	Locked, Current digest.Digest
}

// Moved reports whether the tag names another digest now, or a newer tag is followed.
func (t Tag) Moved() bool { return t.Locked != t.Current || t.Reference != t.Now }

// Check resolves the tags of all images again. It sends one HEAD request for each image
// that is not pinned; Docker Hub does not count those against its rate limit. For images
// that follow tags, it lists the tags of their repositories too. With keys, it also
// verifies the images as they are now.
//
// Errors: *[FailuresError]. The tags that could be resolved are returned with it.
func (l *Locker) Check(ctx context.Context, f File) (map[string]Tag, error) {
	q, known := newQueue(l.Source, l.Jobs), f.platforms()
	return forEach(ctx, f.Names(), func(name string) (Tag, error) {
		i := f.Images[name]
		ref, current, err := l.current(ctx, q, i)
		if err == nil && l.Vouch != nil {
			_, err = l.at(ctx, q, known, i, ref, current)
		}
		return Tag{i.Reference, ref, i.Digest(), current}, err
	})
}

// current returns the image's reference, with the tag that it follows, and the digest that
// this resolves to now.
func (l *Locker) current(ctx context.Context, q *queue, i Image) (reference.Reference, digest.Digest, error) {
	if i.Pinned() {
		return i.Reference, i.Digest(), nil
	}
	ref, listed, err := l.followed(ctx, q, i)
	switch {
	case err != nil:
		return ref, "", err
	case !listed:
		return ref, i.Digest(), nil
	}
	m, err := q.ManifestHead(ctx, ref)
	if err != nil {
		return ref, "", err
	}
	if m.Bytes != nil && image.Identify(m.Bytes) != image.KindIndex {
		if _, err := image.ParseManifest(m.Bytes); err != nil { // such as a login page
			return ref, "", fmt.Errorf("manifest of %s: %w", ref.Familiar(), err)
		}
	}
	return ref, m.Digest, nil
}

// Failure is the reason why an image could not be locked.
type Failure struct {
	Name string
	Err  error
}

// FailuresError lists the images that failed, sorted by name.
type FailuresError struct {
	Failures []Failure
	Of       int // number of images in the run
}

func (e *FailuresError) Error() string {
	return fmt.Sprintf("%d of %d images failed", len(e.Failures), e.Of)
}

// Unwrap returns the causes, for [errors.Is] and [errors.As].
func (e *FailuresError) Unwrap() []error {
	causes := make([]error, len(e.Failures))
	for i, f := range e.Failures {
		causes[i] = f.Err
	}
	return causes
}

// forEach calls do for all names in parallel and returns the results by name. If some
// fail, it returns the others with the error: *[FailuresError], or the cause of ctx.
func forEach[T any](ctx context.Context, names []string, do func(name string) (T, error)) (map[string]T, error) {
	results, failures := make([]T, len(names)), make([]error, len(names))
	var group sync.WaitGroup
	for i, name := range names {
		group.Go(func() { results[i], failures[i] = do(name) })
	}
	group.Wait()
	done := map[string]T{}
	failed := &FailuresError{Of: len(names)}
	for i, name := range names {
		if failures[i] != nil {
			failed.Failures = append(failed.Failures, Failure{name, failures[i]})
			continue
		}
		done[name] = results[i]
	}
	switch {
	case len(failed.Failures) == 0:
		return done, nil
	case ctx.Err() != nil:
		return done, context.Cause(ctx)
	}
	return done, failed
}
