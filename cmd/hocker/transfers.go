package main

import (
	"sync"

	"hocker/fetcher"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// transfers shows the blobs that a client fetches. The size of a blob may
// become known only when its transfer begins.
type transfers struct {
	progress

	mu    sync.Mutex
	blobs map[digest.Digest]*transfer
}

// transfer is the display of one blob that is being fetched.
type transfer struct {
	kind    string
	watcher // nil until the size is known
	bytes   int64
}

func newTransfers(p progress) *transfers {
	return &transfers{progress: p, blobs: map[digest.Digest]*transfer{}}
}

// begin announces a blob. kind is a word such as layer. If the blob's size is
// known, it was expected. had bytes are already present.
func (t *transfers) begin(kind string, desc ocispec.Descriptor, had int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	blob := &transfer{kind: kind, bytes: had}
	if desc.Size > 0 {
		blob.start(t, desc)
	}
	t.blobs[desc.Digest] = blob
}

// start shows the transfer once the size of the blob is known.
func (b *transfer) start(t *transfers, desc ocispec.Descriptor) {
	b.watcher = t.watch(b.kind, desc)
	b.skip(b.bytes)
}

// of returns the progress of one blob.
func (t *transfers) of(d digest.Digest) fetcher.Progress {
	return func(done, size int64) { t.report(d, done, size) }
}

func (t *transfers) report(d digest.Digest, bytes, size int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	blob := t.blobs[d]
	if blob.watcher == nil {
		size = max(size, 0)
		t.expect(size)
		blob.start(t, ocispec.Descriptor{Digest: d, Size: size})
	}
	blob.add(bytes - blob.bytes)
	blob.bytes = bytes
}

// end reports that a blob is complete, with its size, or that it has failed.
func (t *transfers) end(d digest.Digest, size int64, err error) {
	if err == nil {
		t.report(d, size, size)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if blob := t.blobs[d]; blob.watcher != nil {
		blob.Done(err)
	}
}
