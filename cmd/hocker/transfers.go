package main

import (
	"sync"

	"hocker/fetcher/nix"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// transfers shows the blobs that a client fetches. The size of one may be known
// only when it begins to come.
type transfers struct {
	progress

	mu    sync.Mutex
	blobs map[digest.Digest]*transfer
}

// transfer is a blob on its way.
type transfer struct {
	kind    string
	watcher // nil until the size is known
	bytes   int64
}

func newTransfers(p progress) *transfers {
	return &transfers{progress: p, blobs: map[digest.Digest]*transfer{}}
}

// begin announces a blob, which was expected if its size is known.
func (t *transfers) begin(b nix.Blob) {
	t.mu.Lock()
	defer t.mu.Unlock()
	blob := &transfer{kind: b.Kind}
	if b.Size > 0 {
		blob.watcher = t.watch(b.Kind, ocispec.Descriptor{Digest: b.Digest, Size: b.Size})
	}
	t.blobs[b.Digest] = blob
}

// report is a client's Progress.
func (t *transfers) report(d digest.Digest, bytes, size int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	blob := t.blobs[d]
	if blob.watcher == nil {
		size = max(size, 0)
		t.expect(size)
		blob.watcher = t.watch(blob.kind, ocispec.Descriptor{Digest: d, Size: size})
	}
	blob.add(bytes - blob.bytes)
	blob.bytes = bytes
}

// end tells that a blob has come, with its size, or will not.
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
