package main

import (
	"fmt"

	"hocker/fetcher/archive"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// watcher receives the bytes of a blob, or their number.
type watcher interface {
	archive.Watcher
	add(n int64)
	// skip reports n bytes of an earlier run, which took no time now.
	skip(n int64)
}

// unwatched is the watcher of a blob that is not shown.
type unwatched struct{}

func (unwatched) Write(p []byte) (int, error) { return len(p), nil }
func (unwatched) add(int64)                   {}
func (unwatched) skip(int64)                  {}
func (unwatched) Done(error)                  {}

// shortDigest returns the first characters of a digest, as docker pull shows
// it.
func shortDigest(d ocispec.Descriptor) string {
	return fmt.Sprintf("%.12s", d.Digest.Encoded())
}
