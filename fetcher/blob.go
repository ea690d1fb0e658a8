package fetcher

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"hocker/fetcher/content"
	"hocker/fetcher/internal/transfer"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Blob returns a reader of the blob desc.Digest. The reader returns [io.EOF]
// only after all of the content matched its digest, and desc.Size if that is
// above zero; zero and below mean that the size is unknown. Content that does
// not match is a *[content.VerifyError]. A lost connection is resumed where it
// broke off.
//
// [io.Copy] from the reader fetches and hashes ahead while it writes. ctx applies
// to the reader as well. The caller must close the reader.
//
// Errors: [content.ErrDenied], [content.ErrNotFound], [content.ErrUnavailable],
// *[content.VerifyError], *[content.LimitError], *[image.ForeignError].
func (c *Client) Blob(ctx context.Context, repo reference.Repository, desc ocispec.Descriptor) (io.ReadCloser, error) {
	body, err := c.blob(ctx, repo, desc)
	if err != nil {
		return nil, blobError(repo, desc.Digest, err)
	}
	return body, nil
}

func blobError(repo reference.Repository, d digest.Digest, err error) error {
	return &FetchError{What: "blob", From: repo.Familiar() + "@" + d.String(), Err: err}
}

func (c *Client) blob(ctx context.Context, repo reference.Repository, desc ocispec.Descriptor) (*blobReader, error) {
	source, err := c.newBlobSource(repo, desc)
	if err != nil {
		return nil, err
	}
	return c.read(ctx, source)
}

func (c *Client) read(ctx context.Context, source *blobSource) (*blobReader, error) {
	desc := source.desc
	r, err := transfer.NewReader(ctx, source, c.options(source.repo, desc))
	if err != nil {
		return nil, err
	}
	return &blobReader{Reader: content.Verify(r, desc.Digest, knownSize(desc)), Closer: r, source: source, limit: c.limit(desc)}, nil
}

// defaultConnections is in the range that browsers use for one host.
const defaultConnections = 8

// options returns the options for the transfer of a blob.
func (c *Client) options(repo reference.Repository, desc ocispec.Descriptor) transfer.Options {
	connections := c.Connections
	if connections <= 0 {
		connections = defaultConnections
	}
	slots, _ := c.slots.LoadOrStore(repo.Registry.Host, transfer.NewSlots(connections))
	return transfer.Options{
		Name:      contentName(desc),
		Stall:     c.Stall,
		Slots:     slots.(transfer.Slots),
		Retryable: mayPass,
		Pause:     askedPause,
		Notice:    c.Notice,
	}
}

// askedPause returns the pause that a server asked for, within bounds.
func askedPause(err error) time.Duration {
	var answer *ResponseError
	if errors.As(err, &answer) {
		return min(answer.RetryAfter, maxRetryAfter)
	}
	return 0
}

// contentName returns the name of a blob in messages, such as "layer
// 4f4fb700ef54".
func contentName(desc ocispec.Descriptor) string {
	kind := "layer"
	if isConfig(desc) {
		kind = "config"
	}
	return fmt.Sprintf("%s %.12s", kind, desc.Digest.Encoded())
}

// blobReader adds the name of the blob to errors, and records mirrors that sent
// wrong content.
type blobReader struct {
	io.Reader
	io.Closer
	source *blobSource
	limit  *content.LimitError
	n      int64

	mirrored bool // a mirror has sent wrong content
}

// WriteTo implements [io.WriterTo].
func (r *blobReader) WriteTo(w io.Writer) (int64, error) { return transfer.CopyAhead(w, r) }

func (r *blobReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.n += int64(n)
	if (err == nil || err == io.EOF) && r.n > r.limit.Limit {
		n, err = 0, r.limit
	}
	if err == nil || err == io.EOF {
		return n, err
	}
	var mismatch *content.VerifyError
	if errors.As(err, &mismatch) {
		mismatch.Host = r.source.host()
		r.mirrored = r.source.distrust()
	}
	return n, blobError(r.source.repo, r.source.desc.Digest, lost(err))
}

// lost marks the loss of a connection as [content.ErrUnavailable].
func lost(err error) error {
	if errors.Is(err, transfer.ErrStalled) || isConnectionError(err) {
		return &kindError{content.ErrUnavailable, err}
	}
	return err
}

// Progress is called during a download with the number of bytes received and the
// size of the blob, which may be SizeUnknown. Calls come from several goroutines,
// one at a time.
type Progress func(done, size int64)

// FetchBlob downloads a blob to f, over several connections where that is faster,
// and returns its size in bytes. If f is not empty, its content is taken as the
// start of the blob and the download resumes there. Wrong content is discarded and
// fetched again. After an error f holds the start of the blob, so that a later
// call can resume. progress may be nil.
//
// Errors: those of [Client.Blob].
func (c *Client) FetchBlob(ctx context.Context, repo reference.Repository, desc ocispec.Descriptor, f *os.File, progress Progress) (int64, error) {
	// Any mirror may send wrong content, f may have held some, and the registry may
	// send some once.
	for attempts := 2; ; {
		source, err := c.newBlobSource(repo, desc)
		if err != nil {
			return 0, err
		}
		from, n, err := c.fetchBlob(ctx, source, f, progress)
		if err == nil {
			return n, nil
		}
		if !isWrong(err, from) {
			return 0, blobError(repo, desc.Digest, lost(err))
		}
		if mirrored := source.distrust(); !mirrored && from == 0 {
			attempts--
		}
		if attempts == 0 {
			return 0, blobError(repo, desc.Digest, err)
		}
		if c.Notice != nil {
			c.Notice(fmt.Sprintf("%s: %v, fetching it again", contentName(desc), err))
		}
	}
}

// isWrong reports whether an error means that the content is wrong, or that the
// partial content up to from is.
func isWrong(err error, from int64) bool {
	var mismatch *content.VerifyError
	var answer *ResponseError
	return errors.As(err, &mismatch) ||
		from > 0 && errors.As(err, &answer) && answer.Status == http.StatusRequestedRangeNotSatisfiable
}

// fetchBlob makes one attempt and resumes after the content of f. If the content
// is wrong, it empties f.
func (c *Client) fetchBlob(ctx context.Context, source *blobSource, f *os.File, progress Progress) (from, n int64, err error) {
	info, err := f.Stat()
	if err != nil {
		return 0, 0, err
	}
	from = info.Size()
	var file transfer.File = f
	if progress != nil {
		file = &reportedFile{File: f, done: from, report: func(done int64) { progress(done, source.statedSize()) }}
	}
	n, err = c.transfer(ctx, source, from, file, io.Discard)
	if err != nil {
		front := n
		if isWrong(err, from) {
			front = 0
		}
		if truncateErr := f.Truncate(front); truncateErr != nil {
			err = errors.Join(err, truncateErr)
		}
	}
	return from, n, err
}

// TeeBlob downloads a blob to f, over several connections where that is faster,
// and writes it to w, in order, during the download. It returns the size in bytes.
// If it returns an error, what was written to f and w must not be used.
//
// Errors: those of [Client.Blob], and those of w.
func (c *Client) TeeBlob(ctx context.Context, repo reference.Repository, desc ocispec.Descriptor, f transfer.File, w io.Writer) (int64, error) {
	source, err := c.newBlobSource(repo, desc)
	if err != nil {
		return 0, err
	}
	n, err := c.transfer(ctx, source, 0, f, w)
	if err != nil {
		if isWrong(err, 0) {
			source.distrust()
		}
		return 0, blobError(repo, desc.Digest, lost(err))
	}
	return n, nil
}

// BlobTail returns the last n bytes of a blob whose desc.Size is known. They
// are not verified: use them for estimates only.
func (c *Client) BlobTail(ctx context.Context, repo reference.Repository, desc ocispec.Descriptor, n int64) ([]byte, error) {
	source, err := c.newBlobSource(repo, desc)
	if err != nil {
		return nil, err
	}
	offset := max(desc.Size-n, 0)
	stream, err := source.Open(ctx, offset, desc.Size)
	if err != nil {
		return nil, blobError(repo, desc.Digest, err)
	}
	defer stream.Body.Close()
	if stream.Offset != offset {
		return nil, fmt.Errorf("%s does not support range requests", source.host())
	}
	return io.ReadAll(io.LimitReader(stream.Body, n))
}

// transfer downloads a blob to f and w, starting at an offset, and verifies it.
func (c *Client) transfer(ctx context.Context, source *blobSource, from int64, f transfer.File, w io.Writer) (int64, error) {
	desc := source.desc
	h := desc.Digest.Algorithm().Hash()
	options := c.options(source.repo, desc)
	options.From = from
	n, err := transfer.ToFile(ctx, source, f, &boundedWriter{Writer: io.MultiWriter(h, w), desc: desc, limit: c.limit(desc)}, options)
	if errors.Is(err, transfer.ErrChanged) {
		return n, &content.VerifyError{Want: desc.Digest, Read: n, Size: source.statedSize(), Host: source.host()}
	}
	if err != nil {
		return n, err
	}
	got := digest.NewDigest(desc.Digest.Algorithm(), h)
	if size := knownSize(desc); got != desc.Digest || size != content.SizeUnknown && n != size {
		return n, &content.VerifyError{Want: desc.Digest, Got: got, Read: n, Size: size, Host: source.host()}
	}
	return n, nil
}

// reportedFile reports how many bytes were written to it.
type reportedFile struct {
	transfer.File
	report func(done int64)

	mu   sync.Mutex // held during report, so that done never decreases
	done int64
}

func (r *reportedFile) WriteAt(p []byte, offset int64) (int, error) {
	n, err := r.File.WriteAt(p, offset)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done += int64(n)
	r.report(r.done)
	return n, err
}
