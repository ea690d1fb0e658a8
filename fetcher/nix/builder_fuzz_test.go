package nix

import (
	"encoding/json"
	"testing"
	"unicode/utf8"
)

// The attributes mean the same in the environment and in a JSON file. What is accepted
// names an output, a digest and an image.
func FuzzReadBuilder(f *testing.F) {
	for _, tt := range readBuilderTests {
		f.Add(tt.env["outputHash"], tt.env["layerDigest"], tt.env["registry"], tt.env["repository"], tt.env["imageName"], tt.env["tag"], tt.env["hockerMirrors"])
	}
	f.Fuzz(func(t *testing.T, hash, layer, registry, repository, name, tag, mirrors string) {
		e := env{"outputHash": hash, "layerDigest": layer, "registry": registry, "repository": repository, "imageName": name, "tag": tag, "hockerMirrors": mirrors}
		values := map[string]any{"outputs": map[string]string{"out": "/nix/store/x"}}
		for key, value := range e {
			if !utf8.ValidString(value) {
				return // JSON has no such text
			}
			values[key] = value
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
		if err == nil && (got.Out == "" || got.Digest.Validate() != nil || got.Repository.Path == "") {
			t.Errorf("accepted %+v", got)
		}
	})
}
