package engine

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// layersOf returns a layer for each letter. An upper-case letter is the same layer as
// the lower-case one in another compression.
func layersOf(letters string) (layers []Layer) {
	for _, letter := range strings.Split(letters, "") {
		layers = append(layers, Layer{
			Descriptor: ocispec.Descriptor{Digest: digest.FromString("packed " + letter), Size: 1000},
			DiffID:     digest.FromString(strings.ToLower(letter)),
		})
	}
	return layers
}

// diffIDsOf returns the diff IDs of layersOf.
func diffIDsOf(letters string) (ids []digest.Digest) {
	for _, layer := range layersOf(letters) {
		ids = append(ids, layer.DiffID)
	}
	return ids
}

var presentTests = []struct {
	name   string
	store  imageStore
	image  string
	has    []string // layers of the daemon's images
	want   int
	omits  string // the omitted layers
	sendsN int    // number of sent layers
}{
	{name: "no images", image: "abc", sendsN: 3},
	{name: "other images", image: "abc", has: []string{"x", "xyz"}, sendsN: 3},
	{name: "a prefix", image: "abc", has: []string{"abx"}, want: 2, omits: "ab", sendsN: 1},
	{name: "the longest prefix", image: "abcd", has: []string{"a", "abc", "ab"}, want: 3, omits: "abc", sendsN: 1},
	{name: "all layers", image: "abc", has: []string{"abcd"}, want: 3, omits: "abc"},
	{name: "above another parent", image: "abc", has: []string{"xbc"}, sendsN: 3},
	{name: "no prefix", image: "abc", has: []string{"bc"}, sendsN: 3},
	{name: "another compression", image: "aBc", has: []string{"abx"}, want: 2, omits: "aB", sendsN: 1},
	{name: "a layer again after the prefix", image: "abca", has: []string{"ab"}, want: 2, omits: "b", sendsN: 2},
	{name: "a layer twice in the prefix", image: "aab", has: []string{"aa"}, want: 2, omits: "a", sendsN: 1},

	{name: "containerd: above another parent", store: containerdStore, image: "abc", has: []string{"xbc"}, want: 2, omits: "bc", sendsN: 1},
	{name: "containerd: in several images", store: containerdStore, image: "abc", has: []string{"xb", "cx"}, want: 2, omits: "bc", sendsN: 1},
	{name: "containerd: a layer twice", store: containerdStore, image: "aba", has: []string{"a"}, want: 2, omits: "a", sendsN: 1},
	{name: "containerd: no common layers", store: containerdStore, image: "abc", has: []string{"x"}, sendsN: 3},
}

func TestPresent(t *testing.T) {
	for _, tt := range presentTests {
		t.Run(tt.name, func(t *testing.T) {
			images := map[digest.Digest][]digest.Digest{}
			for i, letters := range tt.has {
				images[digest.FromString(fmt.Sprint(i))] = diffIDsOf(letters)
			}
			layers := layersOf(tt.image)
			n, omit := tt.store.present(layers, images)
			sent := map[digest.Digest]bool{}
			omitted := ""
			for i, layer := range layers {
				letter := tt.image[i : i+1]
				switch {
				case !omit(layer.Digest):
					sent[layer.Digest] = true
				case !strings.Contains(omitted, letter):
					omitted += letter
				}
			}
			if n != tt.want || omitted != tt.omits || len(sent) != tt.sendsN {
				t.Errorf("%d present, %q omitted, %d sent; want %d, %q, %d", n, omitted, len(sent), tt.want, tt.omits, tt.sendsN)
			}
			if omit(digest.FromString("config")) {
				t.Error("the config is omitted")
			}
		})
	}
}

// FuzzPresent checks archives that omit layers as a graph driver reads them: in order,
// looking up each layer by its chain ID.
func FuzzPresent(f *testing.F) {
	for _, tt := range presentTests {
		f.Add(tt.image, strings.Join(tt.has, " "))
	}
	f.Fuzz(func(t *testing.T, image, has string) {
		if image == "" || len(image)+len(has) > 200 { // the check is quadratic
			return
		}
		images := map[digest.Digest][]digest.Digest{}
		chains := map[string]bool{}
		for i, letters := range strings.Fields(has) {
			images[digest.FromString(fmt.Sprint(i))] = diffIDsOf(letters)
			for n := range diffIDsOf(letters) {
				chains[fmt.Sprint(diffIDsOf(letters)[:n+1])] = true
			}
		}
		layers := layersOf(image)
		n, omit := graphStore.present(layers, images)
		for i, layer := range layers {
			known := chains[fmt.Sprint(diffIDsOf(image)[:i+1])]
			if omit(layer.Digest) && !known {
				t.Errorf("layer %d is omitted, but the daemon does not have it", i)
			}
			if known != (i < n) {
				t.Errorf("layer %d is present: %t; but %d layers are counted", i, known, n)
			}
			if !omit(layer.Digest) && !slices.ContainsFunc(layers[n:], func(l Layer) bool { return l.Digest == layer.Digest }) {
				t.Errorf("layer %d is sent although it is present", i)
			}
		}
	})
}
