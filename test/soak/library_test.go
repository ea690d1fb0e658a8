package soak

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"hocker/fetcher"
	"hocker/fetcher/content"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// call fetches by the library into dir and returns the content.
type call func(ctx context.Context, f *libraryFetch) ([]byte, error)

// libraryFetch is a fetch by the library.
type libraryFetch struct {
	*lane
	name   string
	want   func(*image) []byte
	call   call
	image  *image
	file   string // to write
	before []byte // what the file holds already
}

// calls are the fetches by the library, and the content that each gets.
var calls = []struct {
	name string
	want func(*image) []byte
	call call
}{
	{"Manifest by tag", manifest, func(ctx context.Context, f *libraryFetch) ([]byte, error) {
		m, err := f.client.Manifest(ctx, reference.Reference{Repository: f.repo, Tag: f.image.tag})
		return m.Bytes, err
	}},
	{"Manifest by digest", manifest, func(ctx context.Context, f *libraryFetch) ([]byte, error) {
		m, err := f.client.Manifest(ctx, reference.Reference{Repository: f.repo, Digest: digest.FromBytes(f.image.manifest)})
		return m.Bytes, err
	}},
	{"Config", config, func(ctx context.Context, f *libraryFetch) ([]byte, error) {
		return f.client.Config(ctx, f.repo, descriptor(f.image.config))
	}},
	{"Blob", layer, func(ctx context.Context, f *libraryFetch) ([]byte, error) {
		body, err := f.client.Blob(ctx, f.repo, descriptor(f.image.layer))
		if err != nil {
			return nil, err
		}
		defer body.Close()
		return io.ReadAll(body)
	}},
	{"FetchBlob", layer, fetchBlob},
	{"TeeBlob", layer, func(ctx context.Context, f *libraryFetch) ([]byte, error) {
		file, err := os.Create(f.file)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		var tee bytes.Buffer
		if _, err := f.client.TeeBlob(ctx, f.repo, descriptor(f.image.layer), file, &tee); err != nil {
			return nil, err
		}
		written, err := os.ReadFile(f.file)
		if !bytes.Equal(written, tee.Bytes()) {
			return nil, errors.New("the file and the writer got different content")
		}
		return written, err
	}},
}

func manifest(i *image) []byte { return i.manifest }
func config(i *image) []byte   { return i.config }
func layer(i *image) []byte    { return i.layer }

func fetchBlob(ctx context.Context, f *libraryFetch) ([]byte, error) {
	file, err := os.OpenFile(f.file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if _, err := f.client.FetchBlob(ctx, f.repo, descriptor(f.image.layer), file, func(int64, int64) {}); err != nil {
		return nil, err
	}
	return os.ReadFile(f.file)
}

func descriptor(data []byte) ocispec.Descriptor {
	return ocispec.Descriptor{Digest: digest.FromBytes(data), Size: int64(len(data))}
}

func (l *lane) newCall(random *rand.Rand) *libraryFetch {
	n := random.IntN(len(calls))
	f := &libraryFetch{lane: l, name: calls[n].name, want: calls[n].want, call: calls[n].call, image: l.drawImage(random), file: filepath.Join(l.dir, "blob")}
	if f.name == "FetchBlob" && random.IntN(2) == 0 { // continue, after the right content or another one
		f.name += ", continued"
		f.before = bytes.Clone(f.image.layer[:1+random.IntN(len(f.image.layer)-1)])
		if random.IntN(2) == 0 {
			f.name += " after other content"
			f.before[random.IntN(len(f.before))] ^= 1
		}
	}
	return f
}

func (f *libraryFetch) String() string  { return f.name + " of " + f.image.tag }
func (f *libraryFetch) isPatient() bool { return false }
func (f *libraryFetch) hasMirror() bool { return false }

func (f *libraryFetch) prepare() error { return os.WriteFile(f.file, f.before, 0o600) }

func (f *libraryFetch) fetch(d draw) (string, error) {
	defer os.Remove(f.file)
	ctx, cancel := context.WithTimeout(context.Background(), d.limit)
	defer cancel()
	got, err := f.call(ctx, f)
	switch {
	case err == nil && !bytes.Equal(got, f.want(f.image)):
		return "wrong content", fmt.Errorf("the content is wrong: %d bytes", len(got))
	case err == nil:
		return right, nil
	case !isTyped(err):
		return "failed", fmt.Errorf("the error is of no kind: %w", err)
	case strings.HasPrefix(f.name, "FetchBlob"):
		// What is left is the start of the blob, or is found to be wrong.
		f.heal()
		if got, again := fetchBlob(context.Background(), f); again != nil || !bytes.Equal(got, f.image.layer) {
			return "failed", fmt.Errorf("after %w, a healthy registry gives %d bytes, %w", err, len(got), again)
		}
	}
	if d.passes {
		return "failed", err
	}
	return kind(err), nil
}

// isTyped reports whether an error of the library is one that it documents.
func isTyped(err error) bool {
	return errors.Is(err, content.ErrDenied) || errors.Is(err, content.ErrNotFound) || errors.Is(err, content.ErrUnavailable) ||
		errors.Is(err, context.DeadlineExceeded) ||
		errors.As(err, new(*content.VerifyError)) || errors.As(err, new(*content.LimitError)) || errors.As(err, new(*fetcher.ResponseError))
}

// kind returns the kind of an error, for the table.
func kind(err error) string {
	switch {
	case errors.Is(err, content.ErrDenied):
		return "denied"
	case errors.Is(err, content.ErrNotFound):
		return "not found"
	case errors.As(err, new(*content.VerifyError)):
		return "not verified"
	case errors.Is(err, context.DeadlineExceeded):
		return "out of time"
	case errors.Is(err, content.ErrUnavailable):
		return "unavailable"
	}
	return "other"
}
