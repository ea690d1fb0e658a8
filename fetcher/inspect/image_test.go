package inspect

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"hocker/fetcher/image"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

var (
	layerA = layerOf("a", 10)
	layerB = layerOf("b", 20)
)

func layerOf(content string, size int64) ocispec.Descriptor {
	return ocispec.Descriptor{MediaType: ocispec.MediaTypeImageLayerGzip, Digest: digest.FromString(content), Size: size}
}

// unpackedOf returns the diff ID of a layer of a test.
func unpackedOf(content string) string { return digest.FromString(content + ", unpacked").String() }

// configOf returns a config with the diff IDs of layers, and other members.
func configOf(members string, layers ...string) []byte {
	ids := []string{}
	for _, content := range layers {
		ids = append(ids, unpackedOf(content))
	}
	data, err := json.Marshal(ids)
	if err != nil {
		panic(err)
	}
	if members != "" {
		members += ","
	}
	return []byte("{" + members + `"rootfs":{"type":"layers","diff_ids":` + string(data) + `}}`)
}

const everything = `"architecture":"arm64","os":"linux","variant":"v8","created":"2026-01-02T03:04:05Z","author":"me","config":{
	"User":"nobody","WorkingDir":"/srv","Entrypoint":["/bin/app"],"Cmd":["serve","a b"],"StopSignal":"SIGQUIT",
	"Healthcheck":{"Test":["CMD","/bin/up"],"Interval":1000},"ExposedPorts":{"80/tcp":{},"443/tcp":{}},"Volumes":{"/var":{},"/data":{}},
	"Env":["PATH=/bin","EMPTY="],"Labels":{"version":"1"},"Hostname":"x"}`

var newTests = []struct {
	name    string
	layers  []ocispec.Descriptor
	config  []byte
	want    map[string]any // fields of the JSON document
	unknown bool           // the history does not fit
	err     string
}{
	{
		name: "everything", layers: []ocispec.Descriptor{layerA}, config: configOf(everything, "a"),
		want: map[string]any{
			"platform": "linux/arm64/v8", "created": "2026-01-02T03:04:05Z", "author": "me", "user": "nobody", "workingDirectory": "/srv",
			"entrypoint": []any{"/bin/app"}, "command": []any{"serve", "a b"}, "stopSignal": "SIGQUIT", "healthcheck": []any{"CMD", "/bin/up"},
			"ports": []any{"443/tcp", "80/tcp"}, "volumes": []any{"/data", "/var"}, "environment": []any{"PATH=/bin", "EMPTY="},
			"labels": map[string]any{"version": "1"}, "size": 10.0,
			"layers": []any{map[string]any{"digest": layerA.Digest.String(), "diffID": unpackedOf("a"), "mediaType": layerA.MediaType, "size": 10.0, "command": ""}},
		},
		unknown: true,
	},
	{
		name: "nothing", config: configOf(""),
		want: map[string]any{
			"reference": "", "index": "", "manifest": "", "platform": "", "platforms": []any{}, "created": "", "entrypoint": []any{}, "command": []any{},
			"healthcheck": []any{}, "ports": []any{}, "volumes": []any{}, "environment": []any{}, "labels": map[string]any{}, "layers": []any{},
			"history": []any{}, "signatures": []any{}, "signedBy": "", "size": 0.0,
		},
	},
	{
		name: "null", config: configOf(`"config":null,"history":null,"created":null`),
		want: map[string]any{"history": []any{}, "created": "", "labels": map[string]any{}},
	},
	{name: "a platform in part", config: configOf(`"os":"linux"`), want: map[string]any{"platform": "linux/unknown"}},
	{name: "a time that is none", config: configOf(`"created":"yesterday"`), want: map[string]any{"created": "yesterday"}},
	{
		name: "the same layer twice", layers: []ocispec.Descriptor{layerA, layerB, layerA}, config: configOf("", "a", "b", "a"),
		want: map[string]any{"size": 30.0}, unknown: true,
	},
	{
		name: "history", layers: []ocispec.Descriptor{layerA, layerB},
		config: configOf(`"history":[{"created":"t","created_by":"ADD","comment":"c"},{"created_by":"CMD","empty_layer":true},{"created_by":"RUN"}]`, "a", "b"),
		want: map[string]any{
			"history": []any{
				map[string]any{"created": "t", "command": "ADD", "comment": "c", "empty": false, "layer": layerA.Digest.String()},
				map[string]any{"created": "", "command": "CMD", "comment": "", "empty": true, "layer": ""},
				map[string]any{"created": "", "command": "RUN", "comment": "", "empty": false, "layer": layerB.Digest.String()},
			},
			"layers": []any{
				map[string]any{"digest": layerA.Digest.String(), "diffID": unpackedOf("a"), "mediaType": layerA.MediaType, "size": 10.0, "command": "ADD"},
				map[string]any{"digest": layerB.Digest.String(), "diffID": unpackedOf("b"), "mediaType": layerB.MediaType, "size": 20.0, "command": "RUN"},
			},
		},
	},
	{
		name: "history of other layers", layers: []ocispec.Descriptor{layerA, layerB}, config: configOf(`"history":[{"created_by":"ADD"}]`, "a", "b"),
		want: map[string]any{"history": []any{
			map[string]any{"created": "", "command": "ADD", "comment": "", "empty": false, "layer": ""},
		}},
		unknown: true,
	},
	{name: "too few layers", layers: []ocispec.Descriptor{layerA}, config: configOf("", "a", "b"), err: "config and layers do not belong together: the config names 2 layers (rootfs.diff_ids), but there are 1"},
	{name: "not a config", config: []byte(`{}`), err: `it is not an image config: it has no rootfs of type "layers"`},
	{name: "another type", config: configOf(`"history":{}`), err: "it is not an image config: json: cannot unmarshal object into Go struct field config.history of type []inspect.step"},
	{name: "twice", config: configOf(`"history":[],"history":[]`), err: `the config is ambiguous: duplicate key "history"`},
	{name: "another case", config: configOf(`"History":[]`), err: `the config is ambiguous: key "History", expected "history"`},
}

func TestNew(t *testing.T) {
	for _, tt := range newTests {
		t.Run(tt.name, func(t *testing.T) {
			i, err := New(tt.layers, tt.config)
			if message(err) != tt.err {
				t.Fatalf("error %q, want %q", message(err), tt.err)
			}
			if err != nil {
				return
			}
			if i.Config != digest.FromBytes(tt.config) || i.ConfigSize != int64(len(tt.config)) {
				t.Errorf("config %s of %d bytes", i.Config, i.ConfigSize)
			}
			if i.HistoryFits() == tt.unknown {
				t.Errorf("the history fits: %t", i.HistoryFits())
			}
			got := asJSON(t, i)
			for name, want := range tt.want {
				if !reflect.DeepEqual(got[name], want) {
					t.Errorf("%s: %v, want %v", name, got[name], want)
				}
			}
		})
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func asJSON(t *testing.T, v any) map[string]any {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), "null") {
		t.Errorf("%s has a null", data)
	}
	var document map[string]any
	if err := json.Unmarshal(data, &document); err != nil {
		t.Fatal(err)
	}
	return document
}

func TestSetManifest(t *testing.T) {
	d := func(os, arch string) ocispec.Descriptor {
		return ocispec.Descriptor{Digest: digest.FromString(arch), Size: 7, Platform: &ocispec.Platform{OS: os, Architecture: arch}}
	}
	amd64 := d("linux", "amd64")
	amd64.Annotations = map[string]string{"index": "for it", "both": "index"}
	other := d("windows", "arm64")
	other.Annotations = map[string]string{"other": "x"}
	index, err := json.Marshal(ocispec.Index{MediaType: ocispec.MediaTypeImageIndex, Manifests: []ocispec.Descriptor{
		amd64, d("unknown", "unknown"), {Digest: layerA.Digest}, other,
	}, Annotations: map[string]string{"of": "the index"}})
	if err != nil {
		t.Fatal(err)
	}
	i, err := New(nil, configOf(""))
	if err != nil {
		t.Fatal(err)
	}
	if err := i.SetManifest(image.Manifest{}, image.Manifest{}); err != nil || i.Index != "" {
		t.Errorf("without an index: %v, %q", err, i.Index)
	}
	manifest := `{"schemaVersion":2,"config":{"digest":"` + string(i.Config) + `"},"layers":[],"annotations":{"manifest":"m","both":"manifest"}}`
	m := image.Manifest{Digest: amd64.Digest, Bytes: []byte(manifest)}
	if err := i.SetManifest(m, image.Manifest{Digest: layerB.Digest, Bytes: index}); err != nil {
		t.Fatal(err)
	}
	want := []Platform{{"linux/amd64", digest.FromString("amd64"), 7}, {"windows/arm64", digest.FromString("arm64"), 7}}
	if i.Index != layerB.Digest || !reflect.DeepEqual(i.Platforms, want) {
		t.Errorf("%s, %v", i.Index, i.Platforms)
	}
	annotations := map[string]string{"of": "the index", "index": "for it", "manifest": "m", "both": "manifest"}
	if i.Manifest != amd64.Digest || i.ManifestSize != int64(len(manifest)) || !reflect.DeepEqual(i.Annotations, annotations) {
		t.Errorf("%s, %d bytes, %q", i.Manifest, i.ManifestSize, i.Annotations)
	}
	wrong := image.Manifest{Bytes: []byte("{}")}
	if i.SetManifest(m, wrong) == nil || i.SetManifest(wrong, image.Manifest{}) == nil {
		t.Error("a document that is no index or no manifest is accepted")
	}
}
