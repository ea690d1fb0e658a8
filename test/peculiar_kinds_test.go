package test

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"

	"github.com/opencontainers/go-digest"

	"hocker/test/faults"
)

// imagePeculiarities are peculiarities of images: configs, indexes, platforms, layers.
var imagePeculiarities = []peculiarity{
	// https://github.com/moby/moby/issues/22378, /21949
	{name: "config: application/octet-stream", content: withConfigType("application/octet-stream")},
	{name: "config: application/json", content: withConfigType("application/json")},
	{name: "config: no media type", content: withConfigType(nil)},
	{name: "config: application/json of an artifact", content: artifactOfJSON, refused: &refusal{1, `it is the manifest of an artifact that is not an image .its config, of type "application/json"`}},
	{name: "config: application/json, artifactType", content: editedImage(func(m, _ jsonObject) {
		m["artifactType"] = "application/vnd.example.settings"
		m["config"] = jsonObject{"mediaType": "application/json"}
	}), refused: &refusal{1, `it is the manifest of an artifact that is not an image`}},
	// https://github.com/opencontainers/image-spec/issues/1016
	{name: "layers: missing", content: editedImage(func(m, c jsonObject) { delete(m, "layers"); withoutDiffIDs(c) })},
	{name: "layers: null", content: editedImage(func(m, c jsonObject) { m["layers"] = nil; withoutDiffIDs(c) })},
	// https://github.com/moby/moby/issues/27568
	{name: "rootfs: {}", content: editedImage(func(m, c jsonObject) { m["layers"] = []jsonObject{}; c["rootfs"] = jsonObject{} })},
	{name: "layers: missing, with diff IDs", content: editedImage(func(m, c jsonObject) { delete(m, "layers") }), refused: &refusal{1, `the config names 1 layers .* but there are 0`}},

	{name: "manifest: unknown keys", content: editedImage(func(m, c jsonObject) {
		m["x"], m["X"] = 1, jsonObject{"layers": 1, "Layers": 2}
		m["annotations"] = jsonObject{"maintainer": "a", "Maintainer": "b"}
		c["config"] = jsonObject{"Labels": jsonObject{"maintainer": "a", "MAINTAINER": "b"}}
		c["container_config"], c["Size"] = jsonObject{"Cmd": nil}, 1
	})},
	{name: "manifest: layers twice", content: rewritten(`"layers":`, `"layers":[],"layers":`), refused: &refusal{1, `x:t: the manifest is ambiguous: duplicate key "layers"\nhint: other tools may read another image`}},
	{name: "manifest: a digest twice", content: rewritten(`"size":`, `"digest":"sha256:`+strings.Repeat("0", 64)+`","size":`), refused: &refusal{1, `the manifest is ambiguous: duplicate key "config.digest"`}},
	{name: "manifest: Layers beside layers", content: editedImage(func(m, _ jsonObject) { m["Layers"] = []jsonObject{} }), refused: &refusal{1, `the manifest is ambiguous: key "Layers", expected "layers"`}},
	{name: "manifest: Layers alone", content: rewritten(`"layers":`, `"Layers":`), refused: &refusal{1, `the manifest is ambiguous: key "Layers", expected "layers"`}},
	{name: "index: Manifests alone", content: func(r *faults.Registry) {
		const mediaType = "application/vnd.oci.image.index.v1+json"
		r.AddManifest("t", mediaType, jsonText(jsonObject{"schemaVersion": 2, "mediaType": mediaType, "Manifests": []jsonObject{entry(native(r), here())}}))
	}, refused: &refusal{1, `x:t: the index is ambiguous: key "Manifests", expected "manifests"`}},
	{name: "config: OS beside os", content: editedImage(func(_, c jsonObject) { c["OS"] = "windows" }), refused: &refusal{1, `the config is ambiguous: key "OS", expected "os"`}},

	// https://github.com/containerd/containerd/issues/2992
	{name: "index: one entry, no platform", content: func(r *faults.Registry) { addIndex(r, "t", entry(native(r), "")) }},
	{name: "index: entries without platforms", content: func(r *faults.Registry) { addIndex(r, "t", entry(foreign(r), ""), entry(native(r), "")) }},
	{name: "index: with and without platforms", content: func(r *faults.Registry) { addIndex(r, "t", entry(foreign(r), elsewhere()), entry(native(r), "")) }},
	{name: "index: platform of the outer entry", content: func(r *faults.Registry) {
		addIndex(r, "t", nested(addIndex(r, "a", entry(foreign(r), "")), elsewhere()), nested(addIndex(r, "b", entry(native(r), "")), here()))
	}},
	// https://github.com/moby/moby/issues/43675
	{name: "index: entry of an unknown type", content: func(r *faults.Registry) {
		other := entry(r.AddBlob([]byte("{}")), here())
		other["mediaType"] = "application/vnd.example.other+json"
		addIndex(r, "t", other, entry(native(r), here()))
	}},
	{name: "index: other images are missing", content: func(r *faults.Registry) {
		gone := digest.FromString("gone")
		addIndex(r, "t", nested(gone, ""), entry(gone, elsewhere()), nested(addIndex(r, "a", entry(native(r), here())), ""))
	}},
	{name: "index: an index reached twice", content: func(r *faults.Registry) {
		inner := addIndex(r, "a", entry(foreign(r), elsewhere()))
		addIndex(r, "t", nested(inner, ""), nested(inner, ""), nested(addIndex(r, "b", nested(inner, ""), entry(native(r), here())), ""))
	}},
	{name: "index: 13,000 indexes", content: func(r *faults.Registry) {
		inner := nested(addIndex(r, "a", entry(foreign(r), elsewhere())), "")
		addIndex(r, "t", repeated(inner, 13000)...)
	}, refused: &refusal{1, `more than 1,000 manifests, the limit`}},
	{name: "index: 500 different indexes", content: func(r *faults.Registry) {
		var all []jsonObject
		for i := range 500 {
			all = append(all, nested(addIndex(r, fmt.Sprint(i), entry(foreign(r), fmt.Sprintf("linux/cpu%d", i))), ""))
		}
		addIndex(r, "t", all...)
	}, refused: &refusal{1, `reading the index takes more than 100 requests`}},

	{name: "platform: the same as of a single image", commands: forPlatform(here())},
	{name: "platform: another than of a single image", commands: forPlatform(elsewhere()), refused: &refusal{1, `the image is for another platform: its config says ` + here() + `, not ` + elsewhere()}},
	// https://github.com/kubernetes-sigs/descheduler/issues/1886
	{name: "platform: config disagrees with the index", content: func(r *faults.Registry) { addIndex(r, "t", entry(native(r), elsewhere())) }, commands: forPlatform(elsewhere())},

	// https://github.com/kubevirt/containerized-data-importer/issues/4277
	{name: "layer: zstd, window of 128 MiB", content: withLayer("application/vnd.oci.image.layer.v1.tar+zstd", func(layer, _ []byte) []byte { return zstdWindow(17, layer) })},
	{name: "layer: zstd, window of 256 MiB", content: withLayer("application/vnd.oci.image.layer.v1.tar+zstd", func(layer, _ []byte) []byte { return zstdWindow(18, layer) }),
		refused: &refusal{1, `zstd: the window is larger than 128 MiB`}},
	{name: "layer: zeros after the gzip data", content: withLayer("application/vnd.oci.image.layer.v1.tar+gzip", func(_, packed []byte) []byte { return append(bytes.Clone(packed), make([]byte, 10240)...) })},
	{name: "layer: other data after the gzip data", content: withLayer("application/vnd.oci.image.layer.v1.tar+gzip", func(_, packed []byte) []byte { return append(bytes.Clone(packed), "garbage"...) }),
		refused: &refusal{1, `trailing data is neither gzip nor zeros`}},
	{name: "layer: encrypted", content: withLayer("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", func(_, packed []byte) []byte { return packed }),
		refused: &refusal{1, `layer 0, sha256:[0-9a-f]{64}, is encrypted`}},
}

func here() string      { return "linux/" + runtime.GOARCH }
func elsewhere() string { return "linux/" + otherArchitecture() }

func otherArchitecture() string {
	if runtime.GOARCH == "arm64" {
		return "amd64"
	}
	return "arm64"
}

// native and foreign add an image for this machine's and for another architecture.
func native(r *faults.Registry) digest.Digest { return addImage(r, "native") }
func foreign(r *faults.Registry) digest.Digest {
	return addImage(r, "foreign", func(_, c jsonObject) { c["architecture"] = otherArchitecture() })
}

// editedImage adds an image that is changed before it is written.
func editedImage(edit func(manifest, config jsonObject)) func(*faults.Registry) {
	return func(r *faults.Registry) { addImage(r, "t", edit) }
}

// rewritten adds an image in whose manifest some text is replaced.
func rewritten(old, new string) func(*faults.Registry) {
	return func(r *faults.Registry) {
		var manifest jsonObject
		addImage(r, "original", func(m, _ jsonObject) { manifest = m })
		text := strings.Replace(string(jsonText(manifest)), old, new, 1)
		r.AddManifest("t", manifest["mediaType"].(string), []byte(text))
	}
}

func withConfigType(mediaType any) func(*faults.Registry) {
	return editedImage(func(m, _ jsonObject) {
		m["config"] = jsonObject{"mediaType": mediaType}
		if mediaType == nil {
			m["config"] = jsonObject{}
		}
	})
}

func withoutDiffIDs(config jsonObject) { config["rootfs"] = jsonObject{"type": "layers"} }

// artifactOfJSON adds a manifest like an image's, whose config is another document.
func artifactOfJSON(r *faults.Registry) {
	addImage(r, "t", func(m, c jsonObject) {
		m["config"] = jsonObject{"mediaType": "application/json"}
		clear(c)
		c["name"] = "settings"
	})
}

// withLayer adds an image whose layer is the result of pack.
func withLayer(mediaType string, pack func(layer, packed []byte) []byte) func(*faults.Registry) {
	return func(r *faults.Registry) {
		data := pack(helloLayer())
		addImage(r, "t", func(m, _ jsonObject) {
			m["layers"] = []jsonObject{{"mediaType": mediaType, "digest": r.AddBlob(data), "size": len(data)}}
		})
	}
}

// zstdWindow packs data as a zstd frame of one raw block, with a window of
// 1 KiB << exponent: https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1.1.2
func zstdWindow(exponent byte, data []byte) []byte {
	block := len(data)<<3 | 1
	return append([]byte{0x28, 0xb5, 0x2f, 0xfd, 0, exponent << 3, byte(block), byte(block >> 8), byte(block >> 16)}, data...)
}

// entry returns an index entry of a manifest. platform is linux/ARCHITECTURE or empty.
func entry(d digest.Digest, platform string) jsonObject {
	e := jsonObject{"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": d, "size": 1000}
	if architecture, ok := strings.CutPrefix(platform, "linux/"); ok {
		e["platform"] = jsonObject{"os": "linux", "architecture": architecture}
	}
	return e
}

// nested returns an index entry of another index.
func nested(d digest.Digest, platform string) jsonObject {
	e := entry(d, platform)
	e["mediaType"] = "application/vnd.oci.image.index.v1+json"
	return e
}

func repeated(e jsonObject, n int) []jsonObject {
	var all []jsonObject
	for range n {
		all = append(all, e)
	}
	return all
}

func addIndex(r *faults.Registry, tag string, entries ...jsonObject) digest.Digest {
	const mediaType = "application/vnd.oci.image.index.v1+json"
	return r.AddManifest(tag, mediaType, jsonText(jsonObject{"schemaVersion": 2, "mediaType": mediaType, "manifests": entries}))
}

// forPlatform returns the tools' commands for a platform, linux/ARCHITECTURE.
func forPlatform(platform string) map[string][]string {
	return map[string][]string{
		"hocker": {"hocker", "image", "--quiet", "--platform", platform, "HOST/x:t", "--out", "OUT"},
		"skopeo": {"skopeo", "--override-os=linux", "--override-arch=" + platform[len("linux/"):], "copy", "--quiet", "--src-tls-verify=false", "docker://HOST/x:t", "oci:OUT:t"},
		"crane":  {"crane", "pull", "--platform", platform, "HOST/x:t", "OUT"},
	}
}
