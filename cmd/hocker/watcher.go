package main

import (
	"fmt"

	"hocker/fetcher/archive"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// watcher is told of the bytes themselves, or of their number.
type watcher interface {
	archive.Watcher
	add(n int64)
	// skip says that so many bytes were there before, which took no time.
	skip(n int64)
}

// unwatched is for what nobody watches.
type unwatched struct{}

func (unwatched) Write(p []byte) (int, error) { return len(p), nil }
func (unwatched) add(int64)                   {}
func (unwatched) skip(int64)                  {}
func (unwatched) Done(error)                  {}

// shortDigest is a digest's beginning, as docker pull shows it.
func shortDigest(d ocispec.Descriptor) string {
	return fmt.Sprintf("%.12s", d.Digest.Encoded())
}
