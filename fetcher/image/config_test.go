package image

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
)

var parseConfigTests = []struct {
	name    string
	data    string
	os      string
	diffIDs []digest.Digest
	err     string
}{
	{name: "image", data: `{"architecture":"arm64","os":"linux","variant":"v8","config":{"Cmd":["sh"]},"rootfs":{"type":"layers","diff_ids":["` + digestA + `","` + digestB + `"]}}`, os: "linux", diffIDs: []digest.Digest{digestA, digestB}},
	{name: "no layers", data: ` {"rootfs":{"type":"layers"}}`},
	{name: "empty rootfs", data: `{"os":"linux","rootfs":{}}`, os: "linux"},
	{name: "no diff IDs", data: `{"os":"linux","rootfs":{"type":"layers","diff_ids":null}}`, os: "linux"},
	{name: "diff IDs without a type", data: `{"rootfs":{"diff_ids":["` + digestA + `"]}}`, err: `it is not an image config: it has no rootfs of type "layers"`},
	{name: "manifest", data: schema2, err: `it is not an image config: it has no rootfs of type "layers"`},
	{name: "old Windows image", data: `{"rootfs":{"type":"layers+base"}}`, err: `it is not an image config: it has no rootfs of type "layers"`},
	{name: "null", data: `null`, err: "it is not an image config: expected a JSON object"},
	{name: "empty", data: ``, err: "it is not an image config: expected a JSON object"},
	{name: "web page", data: `<html>`, err: "it is not an image config: expected a JSON object"},
	{name: "gzip", data: "\x1f\x8b\x08", err: "it is not an image config: expected a JSON object"},
	{name: "truncated", data: `{"rootfs":{"type":"layers"`, err: "it is not an image config: unexpected end of JSON input"},
	{name: "other types", data: `{"rootfs":[]}`, err: `it is not an image config: json: cannot unmarshal array into Go struct field .rootfs of type struct { Type string "json:\"type\""; DiffIDs []digest.Digest "json:\"diff_ids\"" }`},
	{name: "too many values", data: `{"history":[` + strings.Repeat("{},", maxValues) + `{},{}]}`, err: "the config has more than 100000 values, the limit"},
	{name: "wrong diff ID", data: `{"rootfs":{"type":"layers","diff_ids":["` + digestA + `","sha256:x"]}}`, err: `rootfs.diff_ids[1]: digest "sha256:x": expected sha256: and 64 lower-case hexadecimal digits`},
	{name: "empty diff ID", data: `{"rootfs":{"type":"layers","diff_ids":[""]}}`, err: `rootfs.diff_ids[0]: digest: expected sha256: and 64 lower-case hexadecimal digits`},
}

func TestParseConfig(t *testing.T) {
	for _, tt := range parseConfigTests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := ParseConfig([]byte(tt.data))
			checkError(t, err, tt.err)
			if c.OS != tt.os || !slices.Equal(c.DiffIDs, tt.diffIDs) {
				t.Errorf("got %+v", c)
			}
		})
	}
}

func TestCheckLayers(t *testing.T) {
	c := Config{DiffIDs: []digest.Digest{digestA, digestA}}
	checkError(t, c.CheckLayers(2), "")
	checkError(t, c.CheckLayers(1), "config and layers do not belong together: the config names 2 layers (rootfs.diff_ids), but there are 1")
	checkError(t, c.CheckLayers(3), "config and layers do not belong together: the config names 2 layers (rootfs.diff_ids), but there are 3")
}

func FuzzParseConfig(f *testing.F) {
	for _, tt := range parseConfigTests {
		f.Add([]byte(tt.data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseConfig(data)
		if err != nil {
			if c.DiffIDs != nil || c.OS+c.Architecture != "" {
				t.Errorf("%q: besides %v, got %+v", data, err, c)
			}
			return
		}
		for _, id := range c.DiffIDs {
			if _, err := reference.ParseDigest(string(id)); err != nil {
				t.Errorf("%q: accepted %v", data, err)
			}
		}
		if err := c.CheckLayers(len(c.DiffIDs)); err != nil {
			t.Errorf("%q: %v", data, err)
		}
		printed, err := json.Marshal(map[string]any{
			"os": c.OS, "architecture": c.Architecture, "variant": c.Variant,
			"rootfs": map[string]any{"type": "layers", "diff_ids": c.DiffIDs},
		})
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseConfig(printed)
		if err != nil || !slices.Equal(again.DiffIDs, c.DiffIDs) || FormatPlatform(again.Platform) != FormatPlatform(c.Platform) {
			t.Errorf("%q prints as %s, which parses as %+v, %v", data, printed, again, err)
		}
	})
}
