package lock

import (
	"context"
	"errors"
	"sync"

	"hocker/fetcher/content"
	"hocker/fetcher/image"
	"hocker/fetcher/reference"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Source is where manifests and configs come from, such as a
// *[hocker/fetcher.Client]. If a registry does not respond, the error matches
// [content.ErrUnreachable].
type Source interface {
	image.Source
	ManifestHead(ctx context.Context, ref reference.Reference) (image.Manifest, error)
	Tags(ctx context.Context, repo reference.Repository) ([]string, error)
}

// queue requests each manifest, config and list of tags once, and several in parallel. Each
// registry has its own share of the requests, so that a slow one does not slow the others.
//
// The first request to a registry runs alone, and so does the first one to a
// repository. It opens the connection, which HTTP/2 shares, and gets the token that the
// others use. In parallel, each would open its own connection and get its own token.
type queue struct {
	source Source
	jobs   int // parallel requests to each registry

	mu      sync.Mutex
	slots   map[reference.Registry]chan struct{}
	limited map[share]error // why a registry allows no more requests
	answers map[question]*answer
	configs map[reference.Reference]*configAnswer // by repository and digest
	tags    map[reference.Repository]*tagsAnswer
	first   map[any]*first // of a reference.Registry or a reference.Repository
}

// share is the requests of one kind to a registry: Docker Hub limits those for manifests,
// but not those for configs and lists of tags.
type share struct {
	reference.Registry
	manifests bool
}

// question is a request for the manifest that ref names, or only for its digest.
type question struct {
	ref  reference.Reference
	head bool
}

type answer struct {
	once sync.Once
	image.Manifest
	err error
}

// first is the first request to a registry or repository, which the others wait for.
type first struct {
	done chan struct{}
	err  error // set if the registry cannot be reached
}

func newQueue(source Source, jobs int) *queue {
	return &queue{
		source:  source,
		jobs:    jobs,
		slots:   map[reference.Registry]chan struct{}{},
		limited: map[share]error{},
		answers: map[question]*answer{},
		configs: map[reference.Reference]*configAnswer{},
		tags:    map[reference.Repository]*tagsAnswer{},
		first:   map[any]*first{},
	}
}

// Manifest implements [image.Source].
func (q *queue) Manifest(ctx context.Context, ref reference.Reference) (image.Manifest, error) {
	return q.ask(ctx, question{ref: ref}, q.source.Manifest)
}

// ManifestHead implements [Source].
func (q *queue) ManifestHead(ctx context.Context, ref reference.Reference) (image.Manifest, error) {
	return q.ask(ctx, question{ref, true}, q.source.ManifestHead)
}

type askFunc func(context.Context, reference.Reference) (image.Manifest, error)

// ask returns the answer to a question, and calls ask the first time.
func (q *queue) ask(ctx context.Context, question question, ask askFunc) (image.Manifest, error) {
	q.mu.Lock()
	known := q.answers[question]
	if known == nil {
		known = &answer{}
		q.answers[question] = known
	}
	q.mu.Unlock()
	known.once.Do(func() {
		ref := question.ref
		known.err = q.afterFirst(ctx, ref.Repository, true, func() (err error) {
			known.Manifest, err = ask(ctx, ref)
			return err
		})
	})
	if known.err == nil && known.Bytes != nil {
		q.remember(question.ref.Repository, known.Manifest)
	}
	return known.Manifest, known.err
}

// remember stores a manifest that was requested by tag under its digest too.
func (q *queue) remember(repo reference.Repository, m image.Manifest) {
	byDigest := question{ref: reference.Reference{Repository: repo, Digest: m.Digest}}
	known := &answer{Manifest: m}
	known.once.Do(func() {})
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.answers[byDigest] == nil {
		q.answers[byDigest] = known
	}
}

// tagsAnswer is the answer to a request for the tags of a repository.
type tagsAnswer struct {
	once sync.Once
	tags []string
	err  error
}

// Tags implements [Source].
func (q *queue) Tags(ctx context.Context, repo reference.Repository) ([]string, error) {
	q.mu.Lock()
	known := q.tags[repo]
	if known == nil {
		known = &tagsAnswer{}
		q.tags[repo] = known
	}
	q.mu.Unlock()
	known.once.Do(func() {
		known.err = q.afterFirst(ctx, repo, false, func() (err error) {
			known.tags, err = q.source.Tags(ctx, repo)
			return err
		})
	})
	return known.tags, known.err
}

// afterFirst calls ask with a slot, after the first requests to the registry and to the
// repository have ended.
func (q *queue) afterFirst(ctx context.Context, repo reference.Repository, manifests bool, ask func() error) error {
	return q.inTurn(ctx, repo.Registry, func() error {
		return q.inTurn(ctx, repo, func() error { return q.withSlot(ctx, share{repo.Registry, manifests}, ask) })
	})
}

// inTurn calls ask after the first request to a registry or repository has ended. If the
// registry could not be reached, it returns an error instead.
func (q *queue) inTurn(ctx context.Context, place any, ask func() error) error {
	q.mu.Lock()
	before := q.first[place]
	if before == nil {
		mine := &first{done: make(chan struct{})}
		q.first[place] = mine
		q.mu.Unlock()
		defer close(mine.done)
		err := ask()
		if isUnreachable(err) {
			mine.err = err
		}
		return err
	}
	q.mu.Unlock()
	select {
	case <-before.done:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if before.err != nil {
		return &notAskedError{before.err}
	}
	return ask()
}

// withSlot calls ask in one of the registry's slots. If the registry allows no more
// requests of this kind, it returns an error instead.
func (q *queue) withSlot(ctx context.Context, share share, ask func() error) error {
	slots := q.slotsOf(share.Registry)
	select {
	case slots <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-slots }()
	if err := q.limit(share); err != nil {
		return &notAskedError{err}
	}
	err := ask()
	if errors.Is(err, content.ErrLimited) {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.limited[share] = err
	}
	return err
}

func (q *queue) slotsOf(registry reference.Registry) chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.slots[registry] == nil {
		q.slots[registry] = make(chan struct{}, q.jobs)
	}
	return q.slots[registry]
}

func (q *queue) limit(share share) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.limited[share]
}

// configAnswer is the answer to a request for a config.
type configAnswer struct {
	once sync.Once
	data []byte
	err  error
}

// Config implements [image.Source]. It follows a request for the manifest, so it need not
// wait for the first one.
func (q *queue) Config(ctx context.Context, repo reference.Repository, desc ocispec.Descriptor) ([]byte, error) {
	key := reference.Reference{Repository: repo, Digest: desc.Digest}
	q.mu.Lock()
	known := q.configs[key]
	if known == nil {
		known = &configAnswer{}
		q.configs[key] = known
	}
	q.mu.Unlock()
	known.once.Do(func() {
		known.err = q.withSlot(ctx, share{Registry: repo.Registry}, func() (err error) {
			known.data, err = q.source.Config(ctx, repo, desc)
			return err
		})
	})
	return known.data, known.err
}

// isUnreachable reports whether err means that the registry did not respond.
func isUnreachable(err error) bool {
	return errors.Is(err, content.ErrUnreachable)
}

// notAskedError reports a request that was skipped because the registry could not be
// reached before, or allows no more requests. The first request reports why. It matches
// [content.ErrUnavailable].
type notAskedError struct{ err error }

func (e *notAskedError) Error() string {
	if errors.Is(e.err, content.ErrLimited) {
		return "skipped: its registry allows no more requests"
	}
	return "skipped: its registry cannot be reached"
}
func (e *notAskedError) Unwrap() error { return e.err }
