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

// Lock asks for each of the images, and returns them under the same names. What
// f has of their manifests already is not asked for.
//
// Errors: *[FailuresError].
func (l *Locker) Lock(ctx context.Context, f File, wanted map[string]Wanted) (map[string]Image, error) {
	q, known := newQueue(l.Source, l.Jobs), f.platforms()
	return forEach(ctx, slices.Sorted(maps.Keys(wanted)), func(name string) (Image, error) {
		w := wanted[name]
		return l.lock(ctx, q, known, w, w.Reference)
	})
}

// Update asks what the tags of the images of these names lead to now, and returns
// the images as they are now: those whose tag has not moved and those that are
// pinned are what they were. Each keeps its platforms.
//
// Errors: *[FailuresError].
func (l *Locker) Update(ctx context.Context, f File, names []string) (map[string]Image, error) {
	q, known := newQueue(l.Source, l.Jobs), f.platforms()
	return forEach(ctx, names, func(name string) (Image, error) {
		i := f.Images[name]
		current, err := currentDigest(ctx, q, i)
		if err != nil || current == i.Digest() {
			return i, err
		}
		// By its digest, so that what comes is verified, and comes once for all
		// tags that lead to it.
		at := reference.Reference{Repository: i.Reference.Repository, Digest: current}
		return l.lock(ctx, q, known, i.wanted(), at)
	})
}

// Tag is what an image was locked as, and what its reference leads to now.
type Tag struct {
	Reference       reference.Reference
	Locked, Current digest.Digest
}

// Moved reports whether the tag leads to something else now.
func (t Tag) Moved() bool { return t.Locked != t.Current }

// Check asks what the tags of all images lead to now: a request for each, which
// Docker Hub does not count. Of a pinned image nothing is asked.
//
// Errors: *[FailuresError]; the tags that could be looked at are there all the
// same.
func (l *Locker) Check(ctx context.Context, f File) (map[string]Tag, error) {
	q := newQueue(l.Source, l.Jobs)
	return forEach(ctx, f.Names(), func(name string) (Tag, error) {
		i := f.Images[name]
		current, err := currentDigest(ctx, q, i)
		return Tag{i.Reference, i.Digest(), current}, err
	})
}

// currentDigest is what the image's reference leads to now.
func currentDigest(ctx context.Context, q *queue, i Image) (digest.Digest, error) {
	if i.Pinned() {
		return i.Digest(), nil
	}
	m, err := q.ManifestHead(ctx, i.Reference)
	if err != nil {
		return "", err
	}
	if m.Bytes != nil && image.Identify(m.Bytes) != image.KindIndex {
		if _, err := image.ParseManifest(m.Bytes); err != nil { // a login page, say
			return "", fmt.Errorf("manifest of %s: %w", i.Reference.Familiar(), err)
		}
	}
	return m.Digest, nil
}

// Failure is why an image could not be locked.
type Failure struct {
	Name string
	Err  error
}

// FailuresError is all that failed of a run, in the order of the names.
type FailuresError struct {
	Failures []Failure
	Of       int // images that were asked for
}

func (e *FailuresError) Error() string {
	return fmt.Sprintf("%d of %d images could not be looked at", len(e.Failures), e.Of)
}

// Unwrap gives the causes to [errors.Is] and [errors.As].
func (e *FailuresError) Unwrap() []error {
	causes := make([]error, len(e.Failures))
	for i, f := range e.Failures {
		causes[i] = f.Err
	}
	return causes
}

// forEach calls do for all names at the same time, and returns what it gave.
func forEach[T any](ctx context.Context, names []string, do func(name string) (T, error)) (map[string]T, error) {
	results, failures := make([]T, len(names)), make([]error, len(names))
	var group sync.WaitGroup
	for i, name := range names {
		group.Go(func() { results[i], failures[i] = do(name) })
	}
	group.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	done := map[string]T{}
	failed := &FailuresError{Of: len(names)}
	for i, name := range names {
		if failures[i] != nil {
			failed.Failures = append(failed.Failures, Failure{name, failures[i]})
			continue
		}
		done[name] = results[i]
	}
	if len(failed.Failures) > 0 {
		return done, failed
	}
	return done, nil
}
