package containerd

import (
	"context"

	"hocker/fetcher/internal/grpc"
	"hocker/fetcher/internal/protobuf"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

const images = "/containerd.services.images.v1.Images/"

// Image is a name and the manifest or index that it leads to.
type Image struct {
	Name   string
	Target digest.Digest
	Labels map[string]string
}

// Image returns the image with a name. If it does not exist, its target is
// empty.
func (c *Client) Image(ctx context.Context, name string) (Image, error) {
	var request protobuf.Message
	request.String(1, name)
	answer, err := c.call(ctx, images+"Get", request)
	if err != nil {
		if grpc.Is(err, grpc.NotFound) {
			err = nil
		}
		return Image{Name: name}, err
	}
	fields, err := answer.Message(1)
	if err == nil {
		err = checkName(images+"Get", fields, name)
	}
	if err != nil {
		return Image{}, err
	}
	return parseImage(fields)
}

func parseImage(fields protobuf.Fields) (Image, error) {
	labels, err := fields.Map(2)
	if err != nil {
		return Image{}, err
	}
	target, err := fields.Message(3)
	return Image{Name: fields.String(1), Target: digest.Digest(target.String(2)), Labels: labels}, err
}

// SetImage makes a name lead to a manifest. It sets the labels and keeps the name's
// other labels.
func (c *Client) SetImage(ctx context.Context, name string, manifest ocispec.Descriptor, labels map[string]string) error {
	var image, create protobuf.Message
	image.String(1, name)
	image.Map(2, labels)
	image.Message(3, descriptor(manifest))
	create.Message(1, image)
	update := append(protobuf.Message{}, create...)
	update.Message(2, labelMask(labels, "target"))
	for {
		_, err := c.call(ctx, images+"Update", update)
		if !grpc.Is(err, grpc.NotFound) {
			return err
		}
		if _, err = c.call(ctx, images+"Create", create); !grpc.Is(err, grpc.AlreadyExists) {
			return err
		}
		// Another client has just created it.
	}
}
