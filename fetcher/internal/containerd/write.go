package containerd

import (
	"context"
	"errors"
	"fmt"
	"io"

	"hocker/fetcher/internal/grpc"
	"hocker/fetcher/internal/protobuf"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Writer writes a blob into the content store.
type Writer struct {
	// Offset is how many bytes of the blob the store has from an earlier,
	// interrupted write.
	Offset int64
	stream *grpc.Stream
	blob   ocispec.Descriptor
}

// The actions of a write.
const (
	actionStat   = 0
	actionWrite  = 1
	actionCommit = 2
)

// NewWriter begins or resumes the write of a blob under a reference. It returns nil if
// the store has the blob; the client's lease then holds it.
//
// Errors: a *[grpc.StatusError] with code Unavailable if another client is writing
// under the reference.
func (c *Client) NewWriter(ctx context.Context, ref string, blob ocispec.Descriptor) (*Writer, error) {
	s, err := c.conn.Stream(ctx, content+"Write")
	if err != nil {
		return nil, err
	}
	w := &Writer{stream: s, blob: blob}
	var request protobuf.Message
	request.Int(1, actionStat)
	request.String(2, ref)
	request.Int(3, blob.Size)
	request.String(4, blob.Digest.String())
	w.Offset, err = w.exchange(request)
	if err == nil && (w.Offset < 0 || w.Offset > blob.Size) {
		err = fmt.Errorf("blob %s: the content store has %d bytes of %d", blob.Digest, w.Offset, blob.Size)
	}
	if err != nil {
		s.Close()
		if grpc.Is(err, grpc.AlreadyExists) {
			err = nil
		}
		return nil, err
	}
	return w, nil
}

// Close ends the write. Unless it was committed, a later writer can resume it.
func (w *Writer) Close() { w.stream.Close() }

// exchange sends a request and returns the offset in the response.
func (w *Writer) exchange(parts ...[]byte) (int64, error) {
	// If the server has ended the call, the response says why.
	sent := w.stream.Send(parts...)
	answer, err := w.stream.Receive()
	switch {
	case err == nil && sent != nil:
		return 0, sent
	case err == io.EOF:
		return 0, errors.New("containerd ended the write of a blob before it was complete")
	case err != nil:
		return 0, err
	}
	fields, err := protobuf.Parse(answer)
	return fields.Int(4), err
}

// dataField is the tag of the field with the data of a write, as protobuf encodes it.
const dataField = 6

// Write writes the next bytes of the blob. It returns when the store has them.
func (w *Writer) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	var head protobuf.Message
	head.Int(1, actionWrite)
	head.Int(5, w.Offset)
	head.BytesHead(dataField, len(p))
	offset, err := w.exchange(head, p)
	if err == nil && offset != w.Offset+int64(len(p)) {
		err = fmt.Errorf("blob %s: the content store is at byte %d, not %d", w.blob.Digest, offset, w.Offset+int64(len(p)))
	}
	if err != nil {
		return 0, err
	}
	w.Offset = offset
	return len(p), nil
}

// Commit completes the blob. The store verifies it and then has it.
//
// Errors: a *[grpc.StatusError] with code FailedPrecondition if the content does not
// match the digest or the size.
func (w *Writer) Commit() error {
	var request protobuf.Message
	request.Int(1, actionCommit)
	request.Int(3, w.blob.Size)
	request.String(4, w.blob.Digest.String())
	request.Int(5, w.Offset)
	_, err := w.exchange(request)
	if grpc.Is(err, grpc.AlreadyExists) {
		return nil
	}
	return err
}
