package main

import (
	"context"
	"io"
	"io/fs"
	"os"

	"hocker/fetcher/bounded"
	"hocker/fetcher/image"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// readsManifest reports whether the manifest is read instead of fetched: with
// --manifest, and with the two arguments of the original hocker if standard
// input is a file or a pipe.
func (c *docker2nixCmd) readsManifest(p process) bool {
	switch {
	case c.Manifest != "":
		return true
	case c.Fetch, c.PasswordStdin, c.Tag == "":
		return false
	}
	return isInput(p.stdin)
}

// isInput reports whether f is a pipe, or a file with unread content. A file
// that was partly read belongs to someone else, such as a shell loop that reads
// a list line by line.
func isInput(f *os.File) bool {
	info, err := f.Stat()
	if err != nil {
		return false
	}
	if info.Mode().IsRegular() {
		offset, err := f.Seek(0, io.SeekCurrent)
		return err == nil && offset == 0 && info.Size() > 0
	}
	return info.Mode()&(fs.ModeNamedPipe|fs.ModeSocket) != 0
}

// manifestInput is where a manifest is read from.
type manifestInput struct {
	file string // or empty for standard input
}

func (c *docker2nixCmd) manifestInput() manifestInput {
	if c.Manifest == "-" {
		return manifestInput{}
	}
	return manifestInput{c.Manifest}
}

func (in manifestInput) String() string {
	if in.file == "" {
		return "manifest on standard input"
	}
	return "manifest " + in.file
}

// manifestInputError is returned for a bad manifest that was read, not fetched.
type manifestInputError struct {
	in  manifestInput
	err error
}

func (e *manifestInputError) Error() string { return e.in.String() + ": " + e.err.Error() }
func (e *manifestInputError) Unwrap() error { return e.err }

// manifest reads a manifest and computes its digest.
func (in manifestInput) manifest(ctx context.Context, p process) (m ocispec.Manifest, d digest.Digest, err error) {
	data, err := await(ctx, func() ([]byte, error) { return in.read(p) })
	if err != nil {
		return m, "", err
	}
	if m, err = image.ParseManifest(data); err != nil {
		return m, "", &manifestInputError{in, err}
	}
	return m, digest.FromBytes(data), nil
}

// maxManifest is the largest manifest that is read, in bytes. A registry client
// has the same limit.
const maxManifest = 4 << 20

func (in manifestInput) read(p process) ([]byte, error) {
	from := p.stdin
	if in.file != "" {
		f, err := os.Open(in.file)
		if err != nil {
			return nil, &usageError{err: err}
		}
		defer f.Close()
		from = f
	}
	data, err := bounded.Read(from, maxManifest, "a manifest")
	if err != nil {
		return nil, &manifestInputError{in, err}
	}
	return data, nil
}
