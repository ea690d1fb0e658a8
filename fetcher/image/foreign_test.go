package image

import (
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

var isForeignTests = []struct {
	desc ocispec.Descriptor
	want bool
}{
	{desc: ocispec.Descriptor{MediaType: dockerForeign, URLs: []string{"https://x"}}, want: true},
	{desc: ocispec.Descriptor{MediaType: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", URLs: []string{"https://x"}}, want: true},
	// Some registries hold them. Their descriptors have no URLs.
	{desc: ocispec.Descriptor{MediaType: dockerForeign}},
	{desc: ocispec.Descriptor{MediaType: ocispec.MediaTypeImageLayerGzip, URLs: []string{"https://x"}}},
	{desc: ocispec.Descriptor{}},
}

func TestIsForeign(t *testing.T) {
	for _, tt := range isForeignTests {
		if got := IsForeign(tt.desc); got != tt.want {
			t.Errorf("%+v: got %v", tt.desc, got)
		}
	}
}

const dockerForeign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
