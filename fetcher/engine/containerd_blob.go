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
	sent     int64
}

// putBlob makes sure that the content store has a blob, and that the lease holds it.
func (l *containerdLoad) putBlob(ctx context.Context, blob ocispec.Descriptor) error {
	// The reference is the same for each load of the blob: what a load that was killed
	// has written is not written again, and of two loads only one writes.
	ref := "hocker-" + blob.Digest.String()
	resumed, err := l.writeBlob(ctx, ref, blob)
	if resumed && grpc.Is(err, grpc.FailedPrecondition) {
		// What was there is no part of the blob.
		if err := l.lease.AbortWrite(ctx, ref); err != nil {
			return err
		}
		_, err = l.writeBlob(ctx, ref, blob)
	}
	if err != nil {
		return fmt.Errorf("blob %s: %w", blob.Digest, err)
	}
	return nil
}

// blockSize is the size of the blocks in which a blob is sent, in bytes. containerd takes
// messages of up to 16 MiB.
const blockSize = 1 << 20

// writeBlob writes a blob unless it is there, and reports whether a part of it was.
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
	// Neither end may copy in ways of its own: the blocks are of this size.
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

// shortError reports a blob that has not its size.
func shortError(got, want int64) error {
	return fmt.Errorf("%w: it has %d bytes, not %d", io.ErrUnexpectedEOF, got, want)
}

// lockPoll is the time between two attempts at a blob that someone else is writing.
const lockPoll = 50 * time.Millisecond

// writer begins to write a blob. If someone else is writing it, writer waits for them
// while they make progress. A nil writer means that the blob is there.
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
			offset, since = now, time.Now()
		case time.Since(since) > l.patience:
			// They have stopped. Write a second copy, as far as containerd is ready.
			return l.lease.NewWriter(ctx, ref+"-"+l.lease.ID, blob)
		}
		select {
		case <-time.After(lockPoll):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
