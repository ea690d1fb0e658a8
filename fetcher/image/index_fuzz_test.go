package image

import (
	"encoding/json"
	"reflect"
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// An accepted index means the same after it was written again.
func FuzzParseIndex(f *testing.F) {
	m := testImages()
	for _, data := range m.content {
		if len(data) < 2000 {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		index, err := ParseIndex(data)
		if err != nil {
			return
		}
		if index.MediaType == "" {
			index.MediaType = ocispec.MediaTypeImageIndex
		}
		written, err := json.Marshal(index)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseIndex(written)
		if err != nil || !reflect.DeepEqual(again.Manifests, index.Manifests) {
			t.Errorf("%q is written as %q: %v", data, written, err)
		}
		for _, d := range index.Manifests {
			if d.Digest.Validate() != nil || d.Size < 0 {
				t.Errorf("%+v is accepted", d)
			}
		}
	})
}
