package rootfs

import (
	"archive/tar"
	"bytes"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"testing"
)

// FuzzMerge merges layers of few names, so that they have much to do with each other. The
// tree is that of a merge by plain paths, and what is written is an archive of one tree.
func FuzzMerge(f *testing.F) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		seed := make([]byte, 3*60)
		for i := range seed {
			seed[i] = byte(random.Uint32())
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed []byte) {
		archives := grownLayers(t, seed[:min(len(seed), 3*60)])
		want, err := byPaths(archives)
		if err != nil {
			t.Fatal(err)
		}
		l := inMemory(archives)
		tree, err := l.merge()
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		err = tree.walk(func(name string, f *file, first bool) error {
			got[name] = describe(f.header, f.layer)
			return nil
		})
		if err != nil || !maps.Equal(got, want) {
			t.Fatalf("%v\n%q\nexpected\n%q", err, got, want)
		}
		var b bytes.Buffer
		if err := writeArchive(&b, l, tree); err != nil {
			t.Fatal(err)
		}
		if err := checkWritten(b.Bytes(), slices.Sorted(maps.Keys(want))); err != nil {
			t.Error(err)
		}
	})
}

// grownLayers returns layers with the entries that a seed asks for, as far as a layer can
// have them. Three bytes make an entry.
func grownLayers(t testing.TB, seed []byte) [][]byte {
	layers := [][]tar.Header{nil}
	for ; len(seed) >= 3; seed = seed[3:] {
		top := len(layers) - 1
		name, target := grownName(seed[1]), grownName(seed[2])
		var h tar.Header
		switch seed[0] % 12 {
		case 0:
			layers = append(layers, nil)
			continue
		case 1, 2:
			h = dir(name, int64(seed[2]))
		case 3, 4, 5:
			h = text(name, int64(seed[2]))
		case 6:
			h = symlink(name, target)
		case 7:
			h = hardLink(name, target)
		case 8:
			h = device(name, int64(seed[2]%2))
		case 9:
			h = text(path.Join(name, ".wh..wh..opq"), 0)
		default:
			h = text(path.Join(path.Dir(name), ".wh."+path.Base(name)), 0)
		}
		grown := append(slices.Clone(layers[top]), h)
		if _, _, err := entries(archiveOf(t, grown...)); err == nil {
			layers[top] = grown
		}
	}
	return archivesOf(t, layers)
}

// grownName returns one of the paths of up to three components, a or b.
func grownName(b byte) string {
	name := string("ab"[b&1])
	for range b >> 1 % 3 {
		b >>= 1
		name += "/" + string("ab"[b>>2&1])
	}
	return name
}
