package inspect

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"hocker/fetcher/image"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// FuzzNew describes and compares images by any config. What the program that runs them
// reads of it is the same, an image does not differ from itself, and the way back has the
// opposite changes.
func FuzzNew(f *testing.F) {
	for _, tt := range newTests {
		f.Add(tt.config)
	}
	other, err := New(nil, configOf(everything))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		config, err := image.ParseConfig(data)
		if err != nil {
			return
		}
		var layers []ocispec.Descriptor
		for range config.DiffIDs {
			layers = append(layers, ocispec.Descriptor{Digest: digest.FromString("x"), Size: 1})
		}
		i, err := New(layers, data)
		if err != nil {
			return
		}
		process, err := image.ParseProcess(data)
		if err != nil {
			t.Fatalf("New accepts what has no process: %v", err)
		}
		if i.User != process.User || !slices.Equal(i.Entrypoint, process.Entrypoint) || !slices.Equal(i.Command, process.Cmd) || !slices.Equal(i.Environment, process.Env) {
			t.Errorf("%+v, but the process is %+v", i, process)
		}
		text, err := json.Marshal(i)
		if err != nil || strings.Contains(string(text), ":null") && !strings.Contains(string(data), "null") {
			t.Errorf("%s, %v", text, err)
		}
		if d := Compare(i, i); !d.Same || d.Bytes != 0 || len(d.Changes) != 0 {
			t.Errorf("it differs from itself: %+v", d)
		}
		there, back := Compare(i, other).Changes, Compare(other, i).Changes
		same := slices.EqualFunc(there, back, func(a, b Change) bool {
			return a.Field == b.Field && a.Name == b.Name && slices.Equal(a.Old, b.New) && slices.Equal(a.New, b.Old)
		})
		if !same {
			t.Errorf("there %v, and back %v", there, back)
		}
	})
}
