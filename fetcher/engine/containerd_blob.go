package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"hocker/fetcher/internal/containerd"
	"hocker/fetcher/internal/grpc"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// containerdLoad is one load of an image.
type containerdLoad struct {
	*Containerd
	lease    *containerd.Lease
	image    *Image
	progress Progress
	watch    *watch
	sent     int64
}

// putBlob makes sure that the content store has a blob and that the lease holds it.
func (l *containerdLoad) putBlob(ctx context.Context, blob ocispec.Descriptor) error {
	// The reference is the same for each load of the blob: a load resumes what a
	// killed one has written, and only one of two concurrent loads writes.
	ref := "hocker-" + blob.Digest.String()
	resumed, err := l.writeBlob(ctx, ref, blob)
	if resumed && grpc.Is(err, grpc.FailedPrecondition) {
		// The content that was there is wrong.
		if err := l.lease.AbortWrite(ctx, ref); err != nil {
			return err
		}
		_, err = l.writeBlob(ctx, ref, blob)
	}
	if err != nil {
		return fmt.Errorf("blob %s: %w", blob.Digest, err)
	}
	l.watch.alive()
	return nil
}

// blockSize is the size of the blocks in which a blob is sent, in bytes. containerd
// accepts messages of up to 16 MiB.
const blockSize = 1 << 20

// writeBlob writes a blob unless it is present, and reports whether a part of it
// was.
func (l *containerdLoad) writeBlob(ctx context.Context, ref string, blob ocispec.Descriptor) (resumed bool, err error) {
	to, err := l.writer(ctx, ref, blob)
	if err != nil || to == nil {
		return false, err
	}
	defer to.Close()
	resumed = to.Offset > 0
	from, err := l.image.Open(ctx, blob.Digest)
	if err != nil {
		return resumed, err
	}
	defer from.Close()
	if n, err := io.CopyN(io.Discard, from, to.Offset); err == io.EOF {
		return resumed, shortError(n, blob.Size)
	} else if err != nil {
		return resumed, err
	}
	counted := &countingWriter{w: to, progress: l.progress}
	// Plain interfaces make io.CopyBuffer use blocks of this size.
	_, err = io.CopyBuffer(struct{ io.Writer }{counted}, struct{ io.Reader }{from}, make([]byte, blockSize))
	l.sent += counted.n
	switch {
	case err != nil:
		return resumed, err
	case to.Offset < blob.Size:
		return resumed, shortError(to.Offset, blob.Size)
	}
	return resumed, to.Commit()
}

// shortError reports a blob with the wrong size.
func shortError(got, want int64) error {
	return fmt.Errorf("%w: it has %d bytes, not %d", io.ErrUnexpectedEOF, got, want)
}

// lockPoll is the time between two attempts to write a blob that another client is
// writing.
const lockPoll = 50 * time.Millisecond

// writer begins to write a blob. If another client is writing it, writer waits as
// long as that makes progress. It returns nil if the blob is present.
func (l *containerdLoad) writer(ctx context.Context, ref string, blob ocispec.Descriptor) (*containerd.Writer, error) {
	var (
		offset int64
		since  = time.Now()
	)
	for {
		w, err := l.lease.NewWriter(ctx, ref, blob)
		if !grpc.Is(err, grpc.Unavailable) {
			return w, err
		}
		now, writing, statusErr := l.lease.Written(ctx, ref)
		switch {
		case statusErr != nil:
			return nil, errors.Join(err, statusErr)
		case writing && now != offset:
			l.watch.alive()
			offset, since = now, time.Now()
		case time.Since(since) > l.patience:
			// The other client has stopped. Write a second copy.
			return l.lease.NewWriter(ctx, ref+"-"+l.lease.ID, blob)
		}
		select {
		case <-time.After(lockPoll):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
