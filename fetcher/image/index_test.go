package image

import (
	"encoding/json"
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

var parseIndexTests = []struct {
	name string
	data string
	err  string
}{
	{name: "oci", data: ociIndex},
	{name: "docker", data: list},
	{name: "manifest", data: schema2, err: "expected an index of manifests for several platforms, but it is an image manifest"},
	{name: "web page", data: "<html>", err: "expected an index of manifests for several platforms, but it is a web page"},
	{name: "no digest", data: `{"schemaVersion":2,"manifests":[{"size":1}]}`, err: "the manifest has no manifests[0].digest"},
	{name: "wrong digest", data: `{"schemaVersion":2,"manifests":[{"digest":"sha256:x"}]}`, err: `the manifest's manifests[0]: digest "sha256:x": expected sha256: and 64 lower-case hexadecimal digits`},
	{name: "other types", data: `{"schemaVersion":2,"manifests":{}}`, err: "expected an index of manifests for several platforms, but it is JSON, but not a manifest (json: cannot unmarshal object into Go struct field Index.manifests of type []v1.Descriptor)"},
}

func TestParseIndex(t *testing.T) {
	for _, tt := range parseIndexTests {
		t.Run(tt.name, func(t *testing.T) {
			index, err := ParseIndex([]byte(tt.data))
			checkError(t, err, tt.err)
			if err == nil {
				checkIndex(t, index)
			}
		})
	}
}

// checkIndex checks an accepted index: it prints as JSON that parses to the
// same index.
func checkIndex(t *testing.T, index ocispec.Index) {
	t.Helper()
	printed, err := json.Marshal(index)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseIndex(printed)
	if err != nil {
		t.Fatalf("%s does not parse: %v", printed, err)
	}
	if twice, err := json.Marshal(again); err != nil || string(twice) != string(printed) {
		t.Errorf("printed twice:\n%s\n%s\n%v", printed, twice, err)
	}
}
