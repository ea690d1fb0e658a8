package image

import (
	"errors"
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

func TestRequirePlain(t *testing.T) {
	plain := ocispec.Descriptor{MediaType: ocispec.MediaTypeImageLayerGzip, Digest: digestA}
	locked := ocispec.Descriptor{MediaType: "application/vnd.oci.image.layer.v1.tar+gzip+encrypted", Digest: digestB}
	docker := ocispec.Descriptor{MediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip+encrypted", Digest: digestB}
	checkError(t, RequirePlain(nil), "")
	checkError(t, RequirePlain([]ocispec.Descriptor{plain, {}}), "")
	err := RequirePlain([]ocispec.Descriptor{plain, locked, docker})
	checkError(t, err, "layer 1, "+digestB+", is encrypted (application/vnd.oci.image.layer.v1.tar+gzip+encrypted), which hocker does not support")
	var encrypted *EncryptedError
	if !errors.As(err, &encrypted) || encrypted.Number != 1 {
		t.Errorf("got %#v", err)
	}
	checkError(t, RequirePlain([]ocispec.Descriptor{docker}), "layer 0, "+digestB+", is encrypted (application/vnd.docker.image.rootfs.diff.tar.gzip+encrypted), which hocker does not support")
}
