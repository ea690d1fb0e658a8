package archive

import (
	"context"
	"fmt"
	"io"
	"os"

	"hocker/fetcher/bytecount"
	"hocker/fetcher/internal/transfer"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// File is a file and its descriptor in a manifest.
type File struct {
	Path string `json:"path"`
	ocispec.Descriptor

	// part is the range of the content in an archive at Path, or nil if it is the
	// whole file.
	part *part
}

// part is a range of a file, in bytes.
type part struct{ offset, size int64 }

// opened is a file, or a part of one, that is open for reading.
type opened struct {
	*io.SectionReader
	file *os.File
}

func (o opened) Close() error { return o.file.Close() }

// open opens the content.
func (f *File) open() (opened, error) {
	file, err := os.Open(f.Path)
	if err != nil {
		return opened{}, err
	}
	at := f.part
	if at == nil {
		info, err := file.Stat()
		if err != nil {
			file.Close()
			return opened{}, err
		}
		at = &part{size: info.Size()}
	}
	return opened{io.NewSectionReader(file, at.offset, at.size), file}, nil
}

// contentSize returns the size of the content. It returns an error unless the file is
// regular, since other files may not be readable twice.
func (f *File) contentSize() (int64, error) {
	info, err := os.Stat(f.Path)
	switch {
	case err != nil:
		return 0, err
	case !info.Mode().IsRegular():
		return 0, fmt.Errorf("%s is not a regular file", f.Path)
	case f.part != nil:
		return f.part.size, nil
	}
	return info.Size(), nil
}

// read returns the content, at most limit bytes. Errors call it what.
func (f *File) read(what string, limit int64) ([]byte, error) {
	size, err := f.contentSize()
	if err != nil {
		return nil, err
	}
	if size > limit {
		return nil, fmt.Errorf("it is larger than %s, the limit for an image %s", bytecount.Format(limit), what)
	}
	content, err := f.open()
	if err != nil {
		return nil, err
	}
	defer content.Close()
	return io.ReadAll(io.LimitReader(content, size)) // a device has no end
}

// complete fills in the size, the media type and a missing digest. A file with a media
// type is complete: its descriptor may be that of content which is not at hand.
func (f *File) complete(ctx context.Context) error {
	if f.MediaType != "" {
		return nil
	}
	var err error
	if f.Size, err = f.contentSize(); err != nil {
		return err
	}
	content, err := f.open()
	if err != nil {
		return err
	}
	defer content.Close()
	if f.Digest == "" {
		f.Digest, err = digestOf(ctx, content)
	} else {
		_, err = reference.ParseDigest(string(f.Digest))
	}
	if err != nil {
		return err
	}
	compression, err := compressionOf(content)
	if err != nil {
		return err
	}
	f.MediaType = compression.MediaType()
	return nil
}

func digestOf(ctx context.Context, content io.Reader) (digest.Digest, error) {
	h := digest.SHA256.Digester()
	_, err := io.Copy(h.Hash(), transfer.ContextReader(ctx, content))
	return h.Digest(), err
}

// compressionOf detects the compression of the content.
func compressionOf(content io.ReaderAt) (Compression, error) {
	var start [4]byte
	n, err := content.ReadAt(start[:], 0)
	if err != nil && err != io.EOF {
		return 0, err
	}
	return DetectCompression(start[:n]), nil
}
