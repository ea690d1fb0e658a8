package image

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// edit replaces text in a document, which must have it.
func edit(t *testing.T, document, old, new string) []byte {
	t.Helper()
	if !strings.Contains(document, old) {
		t.Fatalf("%s has no %s", document, old)
	}
	return []byte(strings.Replace(document, old, new, 1))
}

const imageConfigDocument = `{"architecture":"arm64","os":"linux","config":{"Cmd":["sh"],"Labels":{"a":"b"}},"rootfs":{"type":"layers","diff_ids":["` + digestA + `"]}}`

var (
	parseManifest = func(data []byte) error { _, err := ParseManifest(data); return err }
	parseIndex    = func(data []byte) error { _, err := ParseIndex(data); return err }
	parseConfig   = func(data []byte) error { _, err := ParseConfig(data); return err }
)

var ambiguousTests = []struct {
	name     string
	parse    func([]byte) error
	document string
	old, new string
	err      string // empty: accepted
}{
	{"layers twice", parseManifest, schema2, `"layers":`, `"layers":[],"layers":`, `the manifest is ambiguous: duplicate key "layers"`},
	{"Layers beside layers", parseManifest, schema2, `"layers":`, `"Layers":[],"layers":`, `the manifest is ambiguous: key "Layers", expected "layers"`},
	{"Layers alone", parseManifest, schema2, `"layers":`, `"Layers":`, `the manifest is ambiguous: key "Layers", expected "layers"`},
	{"config twice", parseManifest, schema2, `"config":`, `"config":null,"config":`, `the manifest is ambiguous: duplicate key "config"`},
	{"digest twice", parseManifest, schema2, `"size":52550276`, `"digest":"` + digestA + `"`, `the manifest is ambiguous: duplicate key "layers[0].digest"`},
	{"Digest beside digest", parseManifest, schema2, `"size":1528`, `"Digest":"` + digestB + `"`, `the manifest is ambiguous: key "config.Digest", expected "digest"`},
	{"SchemaVersion", parseManifest, schema2, `"schemaVersion":2`, `"SchemaVersion":2`, `the manifest is ambiguous: key "SchemaVersion", expected "schemaVersion"`},
	{"an unknown key twice", parseManifest, schema2, `"layers":`, `"x":1,"x":2,"layers":`, `the manifest is ambiguous: duplicate key "x"`},
	{"an annotation twice", parseManifest, schema2, `"layers":`, `"annotations":{"a":"1","a":"2"},"layers":`, `the manifest is ambiguous: duplicate key "annotations.a"`},
	{"Manifests in a manifest", parseManifest, schema2, `"layers":`, `"Manifests":[],"layers":`, "expected an image manifest, but it is JSON, but not a manifest (it has both manifests and layers)"},
	{"unknown keys", parseManifest, schema2, `"layers":`, `"x":1,"X":{"y":[]},"annotations":{"a":"1","A":"2"},"layers":`, ""},

	{"manifests twice", parseIndex, ociIndex, `"manifests":`, `"manifests":[],"manifests":`, `the index is ambiguous: duplicate key "manifests"`},
	{"Manifests alone", parseIndex, ociIndex, `"manifests":`, `"Manifests":`, `the index is ambiguous: key "Manifests", expected "manifests"`},
	{"OS beside os", parseIndex, ociIndex, `"os":"linux"`, `"os":"linux","OS":"windows"`, `the index is ambiguous: key "manifests[0].platform.OS", expected "os"`},
	{"digest twice in an index", parseIndex, ociIndex, `"size":1`, `"digest":"` + digestB + `"`, `the index is ambiguous: duplicate key "manifests[0].digest"`},
	{"unknown keys in an index", parseIndex, ociIndex, `"os":"linux"`, `"os":"linux","features":["sse4"]`, ""},

	{"rootfs twice", parseConfig, imageConfigDocument, `"rootfs":`, `"rootfs":{},"rootfs":`, `the config is ambiguous: duplicate key "rootfs"`},
	{"Rootfs beside rootfs", parseConfig, imageConfigDocument, `"rootfs":`, `"Rootfs":{},"rootfs":`, `the config is ambiguous: key "Rootfs", expected "rootfs"`},
	{"Diff_IDs", parseConfig, imageConfigDocument, `"diff_ids":`, `"Diff_IDs":`, `the config is ambiguous: key "rootfs.Diff_IDs", expected "diff_ids"`},
	{"Architecture", parseConfig, imageConfigDocument, `"architecture":`, `"Architecture":`, `the config is ambiguous: key "Architecture", expected "architecture"`},
	{"Cmd twice", parseConfig, imageConfigDocument, `"Cmd":`, `"Cmd":["x"],"Cmd":`, `the config is ambiguous: duplicate key "config.Cmd"`},
	{"labels that differ in their case", parseConfig, imageConfigDocument, `"a":"b"`, `"a":"b","A":"c"`, ""},
	{"Docker's other keys", parseConfig, imageConfigDocument, `"os":`, `"container_config":{"Cmd":["x"]},"Size":1,"history":[{"created_by":"x"}],"os":`, ""},
}

// No document has two meanings.
func TestAmbiguous(t *testing.T) {
	for _, tt := range ambiguousTests {
		t.Run(tt.name, func(t *testing.T) {
			data := edit(t, tt.document, tt.old, tt.new)
			if !json.Valid(data) {
				t.Fatalf("%s is not JSON", data)
			}
			err := tt.parse(data)
			checkError(t, err, tt.err)
			if isAmbiguous := errors.As(err, new(*AmbiguousError)); isAmbiguous != strings.Contains(tt.err, "ambiguous") {
				t.Errorf("an AmbiguousError: %t", isAmbiguous)
			}
		})
	}
}
