package inspect

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"hocker/fetcher/image"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// imageOf returns an image. A layer "a+" has the content of "a" in another compression.
func imageOf(t *testing.T, members string, layers ...string) *Image {
	t.Helper()
	var descriptors []ocispec.Descriptor
	var unpacked []string
	for _, content := range layers {
		descriptors = append(descriptors, layerOf(content, int64(len(content))*100))
		unpacked = append(unpacked, strings.TrimSuffix(content, "+"))
	}
	i, err := New(descriptors, configOf(members, unpacked...))
	if err != nil {
		t.Fatal(err)
	}
	return i
}

var compareLayersTests = []struct {
	name, old, new, want string
	bytes                int64
	same                 bool
}{
	{name: "the same", old: "a b", new: "a b", want: "shared shared", same: true},
	{name: "no layers", same: true},
	{name: "one more", old: "a", new: "a b", want: "shared new", bytes: 100},
	{name: "one less", old: "a b", new: "a", want: "shared gone"},
	{name: "another base", old: "a b c", new: "x b c", want: "new shared shared gone", bytes: 100},
	{name: "all others", old: "a b", new: "x yy", want: "new new gone gone", bytes: 300},
	{name: "another order", old: "a b", new: "b a", want: "shared shared"},
	{name: "twice", old: "a", new: "b b a a", want: "new new shared shared", bytes: 100},
	{name: "twice before", old: "a a", new: "b", want: "new gone gone", bytes: 100},
	{name: "compressed in another way", old: "a b", new: "a+ b", want: "repacked shared", bytes: 200},
}

func TestCompareLayers(t *testing.T) {
	for _, tt := range compareLayersTests {
		t.Run(tt.name, func(t *testing.T) {
			before, after := imageOf(t, "", strings.Fields(tt.old)...), imageOf(t, "", strings.Fields(tt.new)...)
			d := Compare(before, after)
			var states []string
			for _, l := range d.Layers {
				states = append(states, l.State)
			}
			if got := strings.Join(states, " "); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
			want := tt.bytes
			if before.Config != after.Config {
				want += after.ConfigSize
			}
			if d.Bytes != want {
				t.Errorf("%d bytes, want %d", d.Bytes, want)
			}
			if d.Same != tt.same || len(d.Changes) != 0 {
				t.Errorf("the same: %t, changes: %v", d.Same, d.Changes)
			}
			asJSON(t, d)
		})
	}
}

// A manifest that is not there costs nothing, and another one is fetched.
func TestCompareManifests(t *testing.T) {
	before, after := imageOf(t, "", "a"), imageOf(t, "", "a")
	after.Manifest, after.ManifestSize = layerB.Digest, 5
	if d := Compare(before, after); d.Bytes != 5 || !d.Same || d.New.Manifest != layerB.Digest {
		t.Errorf("%+v", d)
	}
	before.Manifest = layerB.Digest
	if d := Compare(before, after); d.Bytes != 0 {
		t.Errorf("%+v", d)
	}
}

// annotatedImage returns an image whose manifest and index have a version each, or "".
func annotatedImage(t *testing.T, manifest, index string) *Image {
	t.Helper()
	i := imageOf(t, "", "a")
	annotated := func(text, version string) image.Manifest {
		if version == "" {
			return image.Manifest{}
		}
		data := []byte("{" + text + `,"schemaVersion":2,"annotations":{"` + version + `":"x","version":"` + version + `"}}`)
		return image.Manifest{Digest: digest.FromBytes(data), Bytes: data}
	}
	m := annotated(`"config":{"digest":"`+string(i.Config)+`"},"layers":[]`, manifest)
	if err := i.SetManifest(m, annotated(`"manifests":[]`, index)); err != nil {
		t.Fatal(err)
	}
	return i
}

var compareAnnotationsTests = []struct {
	name     string
	old, new [2]string // the versions in the manifest and in the index
	want     []string
}{
	{"manifests", [2]string{"m1", ""}, [2]string{"m2", ""}, []string{"m1: x, ", "m2: , x", "version: m1, m2"}},
	{"the same", [2]string{"m1", ""}, [2]string{"m1", ""}, nil},
	{"an archive", [2]string{"", ""}, [2]string{"m1", "i1"}, nil},
	{"one has an index", [2]string{"m1", ""}, [2]string{"m1", "i1"}, nil},
	{"both have an index", [2]string{"m1", "i1"}, [2]string{"m1", "i2"}, []string{"i1: x, ", "i2: , x"}},
}

func TestCompareAnnotations(t *testing.T) {
	for _, tt := range compareAnnotationsTests {
		for _, reversed := range []bool{false, true} {
			before, after := annotatedImage(t, tt.old[0], tt.old[1]), annotatedImage(t, tt.new[0], tt.new[1])
			if reversed {
				before, after = after, before
			}
			d := Compare(before, after)
			var got []string
			for _, c := range d.Changes {
				if reversed {
					c.Old, c.New = c.New, c.Old
				}
				got = append(got, c.Name+": "+strings.Join(c.Old, " ")+", "+strings.Join(c.New, " "))
				if c.Field != "annotations" {
					t.Errorf("%+v", c)
				}
			}
			if !d.Same || !slices.Equal(got, tt.want) {
				t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
			}
			asJSON(t, d)
		}
	}
}

var compareConfigsTests = []struct {
	name, old, new string
	want           []Change
}{
	{name: "nothing", old: everything, new: everything},
	{
		name: "everything", new: everything,
		want: []Change{
			{"platform", "", nil, []string{"linux/arm64/v8"}},
			{"created", "", nil, []string{"2026-01-02T03:04:05Z"}},
			{"author", "", nil, []string{"me"}},
			{"user", "", nil, []string{"nobody"}},
			{"workingDirectory", "", nil, []string{"/srv"}},
			{"entrypoint", "", nil, []string{"/bin/app"}},
			{"command", "", nil, []string{"serve", "a b"}},
			{"stopSignal", "", nil, []string{"SIGQUIT"}},
			{"healthcheck", "", nil, []string{"CMD", "/bin/up"}},
			{"ports", "", nil, []string{"443/tcp", "80/tcp"}},
			{"volumes", "", nil, []string{"/data", "/var"}},
			{"environment", "EMPTY", nil, []string{""}},
			{"environment", "PATH", nil, []string{"/bin"}},
			{"labels", "version", nil, []string{"1"}},
		},
	},
	{
		name: "environment", old: `"config":{"Env":["A=1","B=2","C","D=x=y"]}`, new: `"config":{"Env":["D=x=z","B=0","B=2","C=","E=5"]}`,
		want: []Change{
			{"environment", "A", []string{"1"}, nil},
			{"environment", "D", []string{"x=y"}, []string{"x=z"}},
			{"environment", "E", nil, []string{"5"}},
		},
	},
	{
		name: "labels", old: `"config":{"Labels":{"a":"1","b":"2"}}`, new: `"config":{"Labels":{"b":"3"}}`,
		want: []Change{{"labels", "a", []string{"1"}, nil}, {"labels", "b", []string{"2"}, []string{"3"}}},
	},
	{name: "words", old: `"config":{"Cmd":["a b"]}`, new: `"config":{"Cmd":["a","b"]}`, want: []Change{{"command", "", []string{"a b"}, []string{"a", "b"}}}},
}

func TestCompareConfigs(t *testing.T) {
	for _, tt := range compareConfigsTests {
		t.Run(tt.name, func(t *testing.T) {
			d := Compare(imageOf(t, tt.old), imageOf(t, tt.new))
			asJSON(t, d)
			same := slices.EqualFunc(d.Changes, tt.want, func(got, want Change) bool {
				return got.Field == want.Field && got.Name == want.Name && slices.Equal(got.Old, want.Old) && slices.Equal(got.New, want.New)
			})
			if !same {
				t.Errorf("\n%v, want\n%v", d.Changes, tt.want)
			}
		})
	}
}

// Every field of an image that its config has is compared.
func TestFields(t *testing.T) {
	i := imageOf(t, everything)
	fields := map[string]bool{"environment": true, "labels": true, "annotations": true}
	for _, f := range i.Fields() {
		fields[f.Name] = true
	}
	of := reflect.TypeOf(*i)
	documents := []string{"reference", "index", "manifest", "config", "size", "manifestSize", "configSize", "platforms", "layers", "history", "signatures", "signaturesUnread", "signedBy"}
	for n := range of.NumField() {
		name := of.Field(n).Tag.Get("json")
		if of.Field(n).IsExported() && fields[name] == slices.Contains(documents, name) {
			t.Errorf("%s is compared: %t", name, fields[name])
		}
	}
}
