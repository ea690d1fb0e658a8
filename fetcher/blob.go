package fetcher

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Blob opens the blob of desc.Digest. The reader ends with [io.EOF] only if
// all of the content came and matched, with a *[VerifyError] otherwise. A
// desc.Size above zero must fit as well; zero and below mean that the size is
// not known. ctx governs the reader too; the caller closes it.
//
// Errors: [ErrDenied], [ErrNotFound], [ErrUnavailable], *[VerifyError],
// *[ForeignError].
func (c *Client) Blob(ctx context.Context, repo Repository, desc ocispec.Descriptor) (io.ReadCloser, error) {
	body, err := c.blob(ctx, repo, desc)
	if err != nil {
		return nil, blobError(repo, desc.Digest, err)
	}
	return body, nil
}

func blobError(repo Repository, d digest.Digest, err error) error {
	return &FetchError{What: "blob", From: repo.Familiar() + "@" + d.String(), Err: err}
}

// identity asks for the bytes as they are stored: a Content-Encoding would
// change what is hashed.
var identity = http.Header{"Accept-Encoding": {"identity"}}

func (c *Client) blob(ctx context.Context, repo Repository, desc ocispec.Descriptor) (io.ReadCloser, error) {
	resp, err := c.getBlob(ctx, repo, desc)
	if err != nil {
		return nil, err
	}
	size := SizeUnknown
	if desc.Size > 0 {
		size = desc.Size
	}
	if size != SizeUnknown && resp.ContentLength >= 0 && resp.ContentLength != size {
		resp.Body.Close()
		return nil, fmt.Errorf("the registry offers %d bytes, its manifest says %d: %w",
			resp.ContentLength, size, &VerifyError{Want: desc.Digest, Read: resp.ContentLength, Size: size})
	}
	body := &blobBody{ctx: ctx, body: resp.Body, length: resp.ContentLength}
	return struct {
		io.Reader
		io.Closer
	}{
		Reader: &blobReader{Verify(body, desc.Digest, size), repo, desc.Digest},
		Closer: resp.Body,
	}, nil
}

func (c *Client) getBlob(ctx context.Context, repo Repository, desc ocispec.Descriptor) (*http.Response, error) {
	if IsForeign(desc) {
		return c.getForeign(ctx, desc)
	}
	return c.get(ctx, repo, "/blobs/"+desc.Digest.String(), identity)
}

// blobReader puts into an error what was being read.
type blobReader struct {
	io.Reader
	repo   Repository
	digest digest.Digest
}

func (r *blobReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = blobError(r.repo, r.digest, err)
	}
	return n, err
}

// blobBody tells a broken connection from the end of the content.
type blobBody struct {
	ctx    context.Context // of the request whose answer this is
	body   io.Reader
	length int64 // as the registry announced it, or -1
	read   int64
}

func (b *blobBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	b.read += int64(n)
	if err != nil && err != io.EOF {
		err = bodyError(b.ctx, err, b.read, b.length)
	}
	return n, err
}

// bodyError is a body that broke off after read of length bytes.
func bodyError(ctx context.Context, err error, read, length int64) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if length < 0 {
		return &kindError{ErrUnavailable, fmt.Errorf("connection lost after %d bytes: %w", read, err)}
	}
	return &kindError{ErrUnavailable, fmt.Errorf("connection lost after %d of %d bytes: %w", read, length, err)}
}

// WriteBlob fetches a blob as [Client.Blob] does and writes it to w. It returns
// the number of bytes written, which on an error are not to be used.
func (c *Client) WriteBlob(ctx context.Context, repo Repository, desc ocispec.Descriptor, w io.Writer) (int64, error) {
	body, err := c.Blob(ctx, repo, desc)
	if err != nil {
		return 0, err
	}
	defer body.Close()
	return copyAhead(w, body)
}
