package image

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"hocker/fetcher/reference"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// checkError compares the whole text of an error. If want is empty, it expects
// no error.
func checkError(t *testing.T, err error, want string) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
	}
	if got != want {
		t.Fatalf("error\n got: %s\nwant: %s", got, want)
	}
}

const (
	digestA = "sha256:054abe38b1e6f863befa4258cbfaf127b1cc9440d2e2e349b15d22e676b591e7"
	digestB = "sha256:cd0a524342efac6edff500c17e625735bbe479c926439b263bbe3c8518a0849c"

	schema2   = `{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":1528,"digest":"` + digestA + `"},"layers":[{"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip","size":52550276,"digest":"` + digestB + `"}]}`
	oci       = `{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","size":1,"digest":"` + digestA + `"},"layers":[]}`
	ociIndex  = `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":1,"digest":"` + digestA + `","platform":{"os":"linux","architecture":"arm64","variant":"v8"}}]}`
	list      = `{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.list.v2+json","manifests":[]}`
	schema1   = `{"schemaVersion":1,"name":"library/debian","tag":"jessie","architecture":"amd64","fsLayers":[{"blobSum":"` + digestB + `"}],"history":[]}`
	artifact  = `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.cncf.helm.config.v1+json","size":1,"digest":"` + digestA + `"},"layers":[]}`
	artifact2 = `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/vnd.example.sbom","config":{"mediaType":"application/vnd.oci.empty.v1+json","size":2,"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},"layers":[]}`
)

// documentTests are documents that arrive where a manifest is expected.
var documentTests = []struct {
	name string
	data string
	kind Kind
	err  string // from ParseManifest
}{
	{name: "docker schema 2", data: schema2, kind: KindManifest},
	{name: "oci", data: oci, kind: KindManifest},
	{name: "white space around", data: "\r\n\t " + schema2 + "\n", kind: KindManifest},
	{name: "config without a media type", data: `{"schemaVersion":2,"config":{"digest":"` + digestA + `"},"layers":[]}`, kind: KindManifest},
	{name: "sha512", data: `{"schemaVersion":2,"config":{"digest":"sha512:` + strings.Repeat("0f", 64) + `"},"layers":[]}`, kind: KindManifest},

	{name: "oci index", data: ociIndex, kind: KindIndex, err: "expected an image manifest, but it is an index of manifests for several platforms (application/vnd.oci.image.index.v1+json)"},
	{name: "docker list", data: list, kind: KindIndex, err: "expected an image manifest, but it is an index of manifests for several platforms (application/vnd.docker.distribution.manifest.list.v2+json)"},
	{name: "index without a media type", data: `{"schemaVersion":2,"manifests":[]}`, kind: KindIndex, err: "expected an image manifest, but it is an index of manifests for several platforms"},
	{name: "schema 1", data: schema1, kind: KindSchema1, err: "expected an image manifest, but it is a schema 1 manifest"},
	{name: "schema 1 without its version", data: `{"fsLayers":[]}`, kind: KindSchema1, err: "expected an image manifest, but it is a schema 1 manifest"},
	{name: "artifact by config", data: artifact, kind: KindManifest, err: `expected an image manifest, but it is the manifest of an artifact that is not an image (its config is of type "application/vnd.cncf.helm.config.v1+json")`},
	{name: "artifact by type", data: artifact2, kind: KindManifest, err: `expected an image manifest, but it is the manifest of an artifact that is not an image (its artifactType is "application/vnd.example.sbom")`},
	{name: "both manifests and layers", data: `{"schemaVersion":2,"config":{"digest":"` + digestA + `"},"layers":[],"manifests":[]}`, kind: KindOther, err: "expected an image manifest, but it is JSON, but not a manifest (it has both manifests and layers)"},
	{name: "both manifests and config", data: `{"schemaVersion":2,"config":{},"manifests":[]}`, kind: KindOther, err: "expected an image manifest, but it is JSON, but not a manifest (it has both manifests and layers)"},

	{name: "empty", data: "", kind: KindEmpty, err: "expected an image manifest, but it is empty"},
	{name: "white space", data: " \r\n", kind: KindEmpty, err: "expected an image manifest, but it is empty"},
	{name: "web page", data: "\n<!DOCTYPE html><html>log in</html>", kind: KindHTML, err: "expected an image manifest, but it is a web page"},
	{name: "truncated", data: schema2[:100], kind: KindTruncated, err: "expected an image manifest, but it is truncated JSON"},
	{name: "without the last brace", data: schema2[:len(schema2)-1], kind: KindTruncated, err: "expected an image manifest, but it is truncated JSON"},
	{name: "text", data: "unauthorized", kind: KindText, err: "expected an image manifest, but it is not JSON (invalid character 'u' looking for beginning of value)"},
	{name: "two documents", data: schema2 + schema2, kind: KindText, err: "expected an image manifest, but it is not JSON (invalid character '{' after top-level value)"},
	{name: "registry's error", data: `{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{}}]}`, kind: KindError, err: "expected an image manifest, but it is a registry's error message (MANIFEST_UNKNOWN manifest unknown)"},
	{name: "object", data: `{}`, kind: KindOther, err: "expected an image manifest, but it is JSON, but not a manifest (it has no schemaVersion)"},
	{name: "empty list", data: `[]`, kind: KindOther, err: "expected an image manifest, but it is JSON, but not a manifest (json: cannot unmarshal array into Go value of type image.probe)"},
	{name: "null", data: `null`, kind: KindOther, err: "expected an image manifest, but it is JSON, but not a manifest (it has no schemaVersion)"},
	{name: "config of an image", data: `{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}`, kind: KindOther, err: "expected an image manifest, but it is JSON, but not a manifest (it has no schemaVersion)"},
	{name: "future version", data: `{"schemaVersion":3,"config":{},"layers":[]}`, kind: KindOther, err: "expected an image manifest, but it is JSON, but not a manifest (schemaVersion 3)"},
	{name: "version as a string", data: `{"schemaVersion":"2","config":{},"layers":[]}`, kind: KindOther, err: `expected an image manifest, but it is JSON, but not a manifest (schemaVersion "2")`},
	{name: "media type of an index", data: `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","config":{},"layers":[]}`, kind: KindOther, err: "expected an image manifest, but it is JSON, but not a manifest (mediaType application/vnd.oci.image.index.v1+json)"},
	{name: "layers of another type", data: `{"schemaVersion":2,"config":{"digest":"` + digestA + `"},"layers":{}}`, kind: KindManifest, err: "expected an image manifest, but it is JSON, but not a manifest (json: cannot unmarshal object into Go struct field Manifest.layers of type []v1.Descriptor)"},

	{name: "no config", data: `{"schemaVersion":2,"layers":[]}`, kind: KindManifest, err: "the manifest has no config.digest"},
	{name: "no config.digest", data: `{"schemaVersion":2,"config":{"size":1},"layers":[]}`, kind: KindManifest, err: "the manifest has no config.digest"},
	{name: "short digest", data: `{"schemaVersion":2,"config":{"digest":"sha256:abc"},"layers":[]}`, kind: KindManifest, err: `the manifest's config: digest "sha256:abc": expected sha256: and 64 lower-case hexadecimal digits`},
	{name: "path in the digest", data: `{"schemaVersion":2,"config":{"digest":"sha256:../../etc/passwd"},"layers":[]}`, kind: KindManifest, err: `the manifest's config: digest "sha256:../../etc/passwd": expected sha256: and 64 lower-case hexadecimal digits`},
	{name: "digest in upper case", data: `{"schemaVersion":2,"config":{"digest":"sha256:` + strings.ToUpper(digestA[7:]) + `"},"layers":[]}`, kind: KindManifest, err: `the manifest's config: digest "sha256:` + strings.ToUpper(digestA[7:]) + `": expected sha256: and 64 lower-case hexadecimal digits`},
	{name: "md5", data: `{"schemaVersion":2,"config":{"digest":"md5:5d41402abc4b2a76b9719d911017c592"},"layers":[]}`, kind: KindManifest, err: `the manifest's config: digest "md5:5d41402abc4b2a76b9719d911017c592": expected sha256: and 64 lower-case hexadecimal digits`},
	{name: "layer without a digest", data: `{"schemaVersion":2,"config":{"digest":"` + digestA + `"},"layers":[{"digest":"` + digestB + `"},{"size":1}]}`, kind: KindManifest, err: "the manifest has no layers[1].digest"},
	{name: "layer with a wrong digest", data: `{"schemaVersion":2,"config":{"digest":"` + digestA + `"},"layers":[{"digest":"sha256:\";${x}"}]}`, kind: KindManifest, err: `the manifest's layers[0]: digest "sha256:\";${x}": expected sha256: and 64 lower-case hexadecimal digits`},
	{name: "negative size", data: `{"schemaVersion":2,"config":{"digest":"` + digestA + `"},"layers":[{"digest":"` + digestB + `","size":-1}]}`, kind: KindManifest, err: "the manifest's layers[0] has a size of -1 bytes"},
	// Tools omit the list of layers if it is empty. If layers are lost, the config
	// shows it.
	{name: "no layers", data: `{"schemaVersion":2,"config":{"digest":"` + digestA + `"}}`, kind: KindManifest},
	{name: "null layers", data: `{"schemaVersion":2,"config":{"digest":"` + digestA + `"},"layers":null}`, kind: KindManifest},
	{name: "config of Docker 1.10", data: `{"schemaVersion":2,"config":{"mediaType":"application/octet-stream","digest":"` + digestA + `"},"layers":[]}`, kind: KindManifest},
	{name: "config with a charset", data: `{"schemaVersion":2,"config":{"mediaType":"application/json; charset=utf-8","digest":"` + digestA + `"},"layers":[]}`, kind: KindManifest},
	{name: "artifact without its own config type", data: `{"schemaVersion":2,"artifactType":"application/vnd.example.sbom","config":{"mediaType":"application/json","digest":"` + digestA + `"},"layers":[]}`, kind: KindManifest, err: `expected an image manifest, but it is the manifest of an artifact that is not an image (its artifactType is "application/vnd.example.sbom")`},
	{name: "image with an artifact type", data: `{"schemaVersion":2,"artifactType":"application/vnd.example.image","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"` + digestA + `"},"layers":[]}`, kind: KindManifest},
	{name: "wasm", data: `{"schemaVersion":2,"config":{"mediaType":"application/vnd.wasm.config.v0+json","digest":"` + digestA + `"},"layers":[]}`, kind: KindManifest, err: `expected an image manifest, but it is the manifest of an artifact that is not an image (its config is of type "application/vnd.wasm.config.v0+json")`},
}

func TestIdentify(t *testing.T) {
	for _, tt := range documentTests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Identify([]byte(tt.data)); got != tt.kind {
				t.Errorf("got %s, want %s", got, tt.kind)
			}
		})
	}
}

func TestParseManifest(t *testing.T) {
	for _, tt := range documentTests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := ParseManifest([]byte(tt.data))
			checkError(t, err, tt.err)
			if err == nil {
				checkManifest(t, m)
				return
			}
			if m.SchemaVersion != 0 || m.Config.Digest != "" || m.Layers != nil {
				t.Errorf("besides the error, got %+v", m)
			}
			var mismatch *KindMismatchError
			if tt.kind != KindManifest && (!errors.As(err, &mismatch) || mismatch.Want != KindManifest || mismatch.Got != tt.kind) {
				t.Errorf("got %#v", err)
			}
		})
	}
}

func TestParseManifestContent(t *testing.T) {
	m, err := ParseManifest([]byte(schema2))
	if err != nil {
		t.Fatal(err)
	}
	if m.Config.Digest != digestA || m.Config.Size != 1528 || len(m.Layers) != 1 || m.Layers[0].Digest != digestB || m.Layers[0].Size != 52550276 {
		t.Errorf("got %+v", m)
	}
}

// A byte order mark, which tools on Windows write first, counts for the digest.
// The document's kind is recognized with it.
//
// Identify and ParseManifest disagree.
func TestByteOrderMark(t *testing.T) {
	for _, tt := range []struct {
		data string
		kind Kind
	}{{"<html>", KindHTML}, {"", KindEmpty}, {list, KindIndex}, {schema2, KindManifest}} {
		data := []byte("\ufeff" + tt.data)
		if kind := Identify(data); kind != tt.kind {
			t.Errorf("%q is %s, want %s", data, kind, tt.kind)
		}
		if _, err := ParseManifest(data); (err == nil) != (tt.kind == KindManifest) {
			t.Errorf("%q: %v", data, err)
		}
	}
}

// checkManifest checks an accepted manifest: its digests are valid, and it
// prints as JSON that parses to the same manifest.
func checkManifest(t *testing.T, m ocispec.Manifest) {
	t.Helper()
	for _, d := range append([]ocispec.Descriptor{m.Config}, m.Layers...) {
		if _, err := reference.ParseDigest(string(d.Digest)); err != nil || d.Size < 0 {
			t.Errorf("accepted %+v: %v", d, err)
		}
	}
	if configTypeOf(m) == otherConfig {
		t.Errorf("accepted a config of type %s", m.Config.MediaType)
	}
	printed, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseManifest(printed)
	if err != nil {
		t.Fatalf("%s does not parse: %v", printed, err)
	}
	if twice, err := json.Marshal(again); err != nil || string(twice) != string(printed) {
		t.Errorf("printed twice:\n%s\n%s\n%v", printed, twice, err)
	}
}

// FuzzParseManifest: ParseManifest and ParseIndex agree with Identify.
func FuzzParseManifest(f *testing.F) {
	for _, tt := range documentTests {
		f.Add([]byte(tt.data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		kind := Identify(data)
		m, err := ParseManifest(data)
		index, indexErr := ParseIndex(data)
		if err == nil {
			checkManifest(t, m)
		}
		if indexErr == nil {
			checkIndex(t, index)
		}
		if err == nil && (kind != KindManifest || indexErr == nil) || indexErr == nil && kind != KindIndex {
			t.Errorf("%q is %s; ParseManifest: %v; ParseIndex: %v", data, kind, err, indexErr)
		}
		var mismatch *KindMismatchError
		if kind != KindManifest && (!errors.As(err, &mismatch) || mismatch.Got != kind) {
			t.Errorf("%q is %s; ParseManifest: %v", data, kind, err)
		}
		if err != nil && len(err.Error()) > 2000+len(data) {
			t.Errorf("the error for %d bytes has %d bytes", len(data), len(err.Error()))
		}
	})
}
