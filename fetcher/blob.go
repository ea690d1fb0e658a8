package fetcher

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"hocker/fetcher/content"
	"hocker/fetcher/internal/transfer"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Blob opens the blob of desc.Digest. The reader ends with [io.EOF] only if
// all of the content came and matched, with a *[content.VerifyError] otherwise. A
// desc.Size above zero must fit as well; zero and below mean that the size is
// not known. ctx governs the reader too; the caller closes it. [io.Copy] from it
// reads ahead: content is fetched and hashed while other content is written.
//
// Errors: [content.ErrDenied], [content.ErrNotFound], [content.ErrUnavailable],
// *[content.VerifyError], *[image.ForeignError].
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

func (c *Client) blob(ctx context.Context, repo reference.Repository, desc ocispec.Descriptor) (io.ReadCloser, error) {
	source, err := c.newBlobSource(repo, desc)
	if err != nil {
		return nil, err
	}
	r, err := transfer.NewReader(ctx, source, c.options(repo, desc))
	if err != nil {
		return nil, err
	}
	return &blobReader{content.Verify(r, desc.Digest, knownSize(desc)), r, source}, nil
}

// defaultConnections is what content networks and browsers take for polite.
const defaultConnections = 8

// options says how a blob is transferred.
func (c *Client) options(repo reference.Repository, desc ocispec.Descriptor) transfer.Options {
	connections := c.Connections
	if connections <= 0 {
		connections = defaultConnections
	}
	slots, _ := c.slots.LoadOrStore(repo.Registry.Host, transfer.NewSlots(connections))
	return transfer.Options{
		Name:  contentName(desc),
		Stall: c.Stall,
		Slots: slots.(transfer.Slots),
		Retryable: func(err error) bool {
			return errors.Is(err, content.ErrUnavailable) && !errors.As(err, new(*refusedError))
		},
		Pause:  askedPause,
		Notice: c.Notice,
	}
}

// askedPause is how long a server wants to be left alone, within bounds.
func askedPause(err error) time.Duration {
	var answer *ResponseError
	if errors.As(err, &answer) {
		return min(answer.RetryAfter, defaultRetryPolicy.maxRetryAfter)
	}
	return 0
}

// contentName is what messages call a blob.
func contentName(desc ocispec.Descriptor) string {
	kind := "layer"
	if strings.Contains(desc.MediaType, "config") || strings.Contains(desc.MediaType, "container.image") {
		kind = "config"
	}
	return fmt.Sprintf("%s %.12s", kind, desc.Digest.Encoded())
}

// blobReader puts into an error what was being read, and remembers a mirror
// that gave something wrong.
type blobReader struct {
	io.Reader
	io.Closer
	source *blobSource
}

// WriteTo implements [io.WriterTo].
func (r *blobReader) WriteTo(w io.Writer) (int64, error) { return transfer.CopyAhead(w, r) }

func (r *blobReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err == nil || err == io.EOF {
		return n, err
	}
	var mismatch *content.VerifyError
	if errors.As(err, &mismatch) {
		mismatch.Host = r.source.host()
		r.source.distrust()
	}
	return n, blobError(r.source.repo, r.source.desc.Digest, lost(err))
}

// lost says of a connection that was lost for good what that comes down to.
func lost(err error) error {
	if errors.Is(err, transfer.ErrStalled) || isConnectionError(err) {
		return &kindError{content.ErrUnavailable, err}
	}
	return err
}

// Progress is told, as a blob comes, how many bytes of it there are, and of how
// many: SizeUnknown if the registry did not say. Several goroutines may call it,
// one at a time.
type Progress func(done, size int64)

// FetchBlob fetches a blob into f, over several connections where that is
// faster, and returns its size. What is in f already is taken for the blob's
// beginning. Wrong content is thrown away and fetched once more. After an
// error, f has the blob's beginning, as far as it came, to go on from. progress
// may be nil.
//
// Errors: those of [Client.Blob].
func (c *Client) FetchBlob(ctx context.Context, repo reference.Repository, desc ocispec.Descriptor, f *os.File, progress Progress) (int64, error) {
	// Each mirror may be wrong, what was in f too, and the registry itself once.
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
			c.Notice(fmt.Sprintf("%s: %v, fetching it once more", contentName(desc), err))
		}
	}
}

// isWrong reports whether an error says that the content is wrong, or that what
// was there of it before cannot be.
func isWrong(err error, from int64) bool {
	var mismatch *content.VerifyError
	var answer *ResponseError
	return errors.As(err, &mismatch) ||
		from > 0 && errors.As(err, &answer) && answer.Status == http.StatusRequestedRangeNotSatisfiable
}

// fetchBlob makes one attempt, which goes on from what is in f. If what it finds
// is wrong, f is empty afterwards.
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

// TeeBlob fetches a blob into f, over several connections where that is faster,
// and writes it to w besides, in its order and while it comes. It returns the
// blob's size; on an error what f and w got is not to be used.
//
// Errors: those of [Client.Blob], and w's.
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

// BlobTail returns the last n bytes of a blob whose size is known. They are not
// verified, and so are good for a guess only.
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
		return nil, fmt.Errorf("%s has no ranges", source.host())
	}
	return io.ReadAll(io.LimitReader(stream.Body, n))
}

// transfer moves a blob to f and w, from an offset on, and verifies it.
func (c *Client) transfer(ctx context.Context, source *blobSource, from int64, f transfer.File, w io.Writer) (int64, error) {
	desc := source.desc
	h := desc.Digest.Algorithm().Hash()
	options := c.options(source.repo, desc)
	options.From = from
	n, err := transfer.ToFile(ctx, source, f, &boundedWriter{io.MultiWriter(h, w), desc, 0}, options)
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

// reportedFile tells of what is written to it, in whichever order.
type reportedFile struct {
	transfer.File
	report func(done int64)

	mu   sync.Mutex // held while report is called: what it is told only grows
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

// boundedWriter refuses more than a blob's size, where that is known: a server
// that does not end must not fill the disk.
type boundedWriter struct {
	io.Writer
	desc ocispec.Descriptor
	n    int64
}

func (b *boundedWriter) Write(p []byte) (int, error) {
	b.n += int64(len(p))
	if size := knownSize(b.desc); size != content.SizeUnknown && b.n > size {
		return 0, &content.VerifyError{Want: b.desc.Digest, Read: b.n, Size: size}
	}
	return b.Writer.Write(p)
}
