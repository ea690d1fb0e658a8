package inspect

import (
	"reflect"
	"slices"
	"strings"
	"testing"

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

// Annotations are compared if both images have manifests, which state them.
func TestCompareAnnotations(t *testing.T) {
	before, after := imageOf(t, "", "a"), imageOf(t, "", "a")
	before.Annotations = map[string]string{"version": "1", "gone": "", "kept": "x"}
	after.Annotations = map[string]string{"version": "2", "new": "n", "kept": "x"}
	if d := Compare(before, after); len(d.Changes) > 0 {
		t.Errorf("without manifests: %v", d.Changes)
	}
	before.Manifest, after.Manifest = layerA.Digest, layerB.Digest
	want := []Change{
		{"annotations", "gone", []string{""}, []string{}},
		{"annotations", "new", []string{}, []string{"n"}},
		{"annotations", "version", []string{"1"}, []string{"2"}},
	}
	if d := Compare(before, after); !d.Same || !reflect.DeepEqual(d.Changes, want) {
		t.Errorf("%+v", d)
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
	fields := map[string]bool{"environment": true, "labels": true}
	for _, f := range i.Fields() {
		fields[f.Name] = true
	}
	of := reflect.TypeOf(*i)
	documents := []string{"reference", "index", "manifest", "config", "size", "manifestSize", "configSize", "platforms", "annotations", "layers", "history", "signatures", "signaturesUnread", "signedBy"}
	for n := range of.NumField() {
		name := of.Field(n).Tag.Get("json")
		if fields[name] == slices.Contains(documents, name) {
			t.Errorf("%s is compared: %t", name, fields[name])
		}
	}
}
