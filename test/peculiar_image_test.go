package test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"runtime"

	"github.com/opencontainers/go-digest"

	"hocker/test/faults"
)

// jsonObject is a manifest or config before it is encoded.
type jsonObject map[string]any

// addImage adds an image of one layer under a tag. Each edit may change the manifest
// and the config before they are written. A field set to nil is written as null.
func addImage(r *faults.Registry, tag string, edits ...func(manifest, config jsonObject)) digest.Digest {
	layer, packed := helloLayer()
	config := jsonObject{
		"architecture": runtime.GOARCH,
		"os":           "linux",
		"rootfs":       jsonObject{"type": "layers", "diff_ids": []digest.Digest{digest.FromBytes(layer)}},
	}
	manifest := jsonObject{
		"schemaVersion": 2,
		"mediaType":     "application/vnd.oci.image.manifest.v1+json",
		"config":        jsonObject{"mediaType": "application/vnd.oci.image.config.v1+json"},
		"layers": []jsonObject{{
			"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
			"digest":    r.AddBlob(packed),
			"size":      len(packed),
		}},
	}
	for _, edit := range edits {
		edit(manifest, config)
	}
	data := jsonText(config)
	if descriptor, ok := manifest["config"].(jsonObject); ok && descriptor["digest"] == nil {
		descriptor["digest"], descriptor["size"] = r.AddBlob(data), len(data)
	}
	mediaType, _ := manifest["mediaType"].(string)
	return r.AddManifest(tag, mediaType, jsonText(manifest))
}

// helloLayer returns a layer with one file, uncompressed and compressed with gzip.
func helloLayer() (layer, packed []byte) {
	var plain, zipped bytes.Buffer
	archive := tar.NewWriter(&plain)
	content := "hello\n"
	mustWrite(archive.WriteHeader(&tar.Header{Name: "hello", Mode: 0o644, Size: int64(len(content)), Typeflag: tar.TypeReg}))
	_, err := archive.Write([]byte(content))
	mustWrite(err)
	mustWrite(archive.Close())
	compressor := gzip.NewWriter(&zipped)
	_, err = compressor.Write(plain.Bytes())
	mustWrite(err)
	mustWrite(compressor.Close())
	return plain.Bytes(), zipped.Bytes()
}

// mustWrite panics on an error. Writing to memory never fails.
func mustWrite(err error) {
	if err != nil {
		panic(err)
	}
}

func jsonText(value any) []byte {
	data, err := json.Marshal(value)
	mustWrite(err)
	return data
}

func base64Text(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
