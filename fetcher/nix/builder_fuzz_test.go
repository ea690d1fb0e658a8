package nix

import (
	"encoding/json"
	"math"
	"math/big"
	"testing"
	"unicode/utf8"
)

// The attributes mean the same in the environment and in a JSON file. What is accepted
// names an output, a digest and an image.
func FuzzReadBuilder(f *testing.F) {
	for _, tt := range readBuilderTests {
		f.Add(tt.env["outputHash"], tt.env["layerDigest"], tt.env["registry"], tt.env["repository"], tt.env["imageName"], tt.env["tag"], tt.env["hockerMirrors"], tt.env["size"], tt.env["maxSize"])
	}
	f.Fuzz(func(t *testing.T, hash, layer, registry, repository, name, tag, mirrors, size, maxSize string) {
		e := env{"outputHash": hash, "layerDigest": layer, "registry": registry, "repository": repository, "imageName": name, "tag": tag, "hockerMirrors": mirrors, "size": size, "maxSize": maxSize}
		values := map[string]any{"outputs": map[string]string{"out": "/nix/store/x"}}
		for key, value := range e {
			if !utf8.ValidString(value) {
				return // JSON has no such text
			}
			values[key] = value
		}
		for _, key := range []string{"size", "maxSize"} {
			if values[key] = json.RawMessage(e[key]); !json.Valid([]byte(e[key])) {
				delete(values, key)
				delete(e, key)
			}
		}
		text, err := json.Marshal(values)
		if err != nil {
			t.Fatal(err)
		}
		a, err := ReadAttributes(structured(t, string(text)).get)
		if err != nil {
			t.Fatal(err)
		}
		e["out"] = "/nix/store/x"
		got, err := ReadBuilder(a)
		same, sameErr := ReadBuilder(Attributes{getenv: e.get})
		if got != same || (err == nil) != (sameErr == nil) {
			t.Errorf("as JSON %+v, %v\nas variables %+v, %v", got, err, same, sameErr)
		}
		if err == nil && (got.Size != decimal(e["size"]) || got.MaxSize != decimal(e["maxSize"])) {
			t.Errorf("accepted size %q and maxSize %q as %d and %d", e["size"], e["maxSize"], got.Size, got.MaxSize)
		}
		if err == nil && (got.Out == "" || got.Digest.Validate() != nil || got.Repository.Path == "") {
			t.Errorf("accepted %+v", got)
		}
	})
}

// decimal returns the number of bytes that a text stands for: 0 if there is none, and the
// smallest number if it is none of bytes.
func decimal(text string) int64 {
	if text == "" || text == "null" {
		return 0
	}
	n, ok := new(big.Int).SetString(text, 10)
	if !ok || n.Sign() < 0 || !n.IsInt64() {
		return math.MinInt64
	}
	return n.Int64()
}
