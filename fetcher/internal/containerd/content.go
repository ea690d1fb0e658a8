package containerd

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"hocker/fetcher/internal/grpc"
	"hocker/fetcher/internal/protobuf"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

const content = "/containerd.services.content.v1.Content/"

// HasContent reports whether the namespace has a blob.
func (c *Client) HasContent(ctx context.Context, d digest.Digest) (bool, error) {
	var request protobuf.Message
	request.String(1, d.String())
	return c.has(ctx, content+"Info", request, d.String())
}

// has calls a method that describes something, and reports whether it exists. It returns
// an error if the description is of something else than name.
func (c *Client) has(ctx context.Context, method string, request protobuf.Message, name string) (bool, error) {
	answer, err := c.call(ctx, method, request)
	if err != nil {
		if grpc.Is(err, grpc.NotFound) {
			err = nil
		}
		return false, err
	}
	info, err := answer.Message(1)
	if err == nil {
		err = checkName(method, info, name)
	}
	return err == nil, err
}

// checkName returns an error unless a response, whose first field is a name, is about
// name.
func checkName(method string, info protobuf.Fields, name string) error {
	if got := info.String(1); got != name {
		return fmt.Errorf("%s: asked for %s, containerd describes %q", method, name, got)
	}
	return nil
}

// LabelContent sets labels of a blob and keeps its other labels.
func (c *Client) LabelContent(ctx context.Context, d digest.Digest, labels map[string]string) error {
	var info, request protobuf.Message
	info.String(1, d.String())
	info.Map(5, labels)
	request.Message(1, info)
	request.Message(2, labelMask(labels))
	_, err := c.call(ctx, content+"Update", request)
	return err
}

// labelMask returns the field mask of an update that sets these labels and fields.
func labelMask(labels map[string]string, fields ...string) protobuf.Message {
	var mask protobuf.Message
	mask.Strings(1, fields)
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		mask.String(1, "labels."+key)
	}
	return mask
}

// AnyContentWith reports whether the namespace has a blob with this label.
func (c *Client) AnyContentWith(ctx context.Context, label string) (bool, error) {
	var request protobuf.Message
	request.String(1, `labels."`+label+`"`)
	s, err := c.conn.Stream(ctx, content+"List")
	if err != nil {
		return false, err
	}
	defer s.Close()
	if err := s.Send(request); err != nil {
		return false, err
	}
	if err := s.CloseSend(); err != nil {
		return false, err
	}
	answer, err := s.Receive()
	if err != nil {
		return false, ignoreEnd(err)
	}
	fields, err := protobuf.Parse(answer)
	return len(fields.Repeated(1)) > 0, err
}

// AbortWrite discards the content written under a reference.
func (c *Client) AbortWrite(ctx context.Context, ref string) error {
	var request protobuf.Message
	request.String(1, ref)
	_, err := c.call(ctx, content+"Abort", request)
	if grpc.Is(err, grpc.NotFound) {
		return nil
	}
	return err
}

// Written returns how many bytes are written under a reference, and whether the write
// exists.
func (c *Client) Written(ctx context.Context, ref string) (int64, bool, error) {
	var request protobuf.Message
	request.String(1, ref)
	answer, err := c.call(ctx, content+"Status", request)
	if err != nil {
		if grpc.Is(err, grpc.NotFound) {
			err = nil
		}
		return 0, false, err
	}
	status, err := answer.Message(1)
	return status.Int(4), err == nil, err
}

// descriptor encodes a descriptor.
func descriptor(d ocispec.Descriptor) protobuf.Message {
	var message protobuf.Message
	message.String(1, d.MediaType)
	message.String(2, d.Digest.String())
	message.Int(3, d.Size)
	return message
}

// ignoreEnd returns err, or nil if it is the end of a stream.
func ignoreEnd(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}
