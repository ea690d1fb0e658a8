package lock

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"hocker/fetcher/image"
	"hocker/fetcher/nix"
	"hocker/fetcher/reference"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// elsewhere returns an architecture other than this machine's.
func elsewhere() string {
	if runtime.GOARCH == "arm64" {
		return "amd64"
	}
	return "arm64"
}

func systemOf(architecture string) string {
	return nix.System(ocispec.Platform{OS: "linux", Architecture: architecture})
}

// without returns a descriptor without its platform.
func without(i ocispec.Index) ocispec.Index {
	for n := range i.Manifests {
		i.Manifests[n].Platform = nil
	}
	return i
}

// platformTests use the images amd and arm, and other for an architecture that
// is not this machine's.
var platformTests = []struct {
	name   string
	tag    string
	wanted []string // nil if no platform is requested
	all    bool
	want   []string // the locked platforms, by system
	notice string   // the only notice, or empty
	err    string
}{
	{name: "requested", tag: "amd", wanted: []string{"linux/amd64"}, want: []string{"x86_64-linux linux/amd64"}},
	{name: "requested with the default variant", tag: "arm", wanted: []string{"linux/arm64/v8"}, want: []string{"aarch64-linux linux/arm64"}},
	{name: "another platform requested", tag: "amd", wanted: []string{"linux/arm64"},
		err: "localhost:5000/app:amd cannot be locked: the image is for another platform: its config says linux/amd64, not linux/arm64"},
	{name: "several requested", tag: "amd", wanted: []string{"linux/arm64", "linux/amd64"},
		err: "localhost:5000/app:amd has a single platform, but 2 were requested: give the one that it is for"},
	{name: "none requested", tag: "other", want: []string{systemOf(elsewhere()) + " linux/" + elsewhere()},
		notice: fmt.Sprintf("localhost:5000/app:other: the image is for linux/%s only, and is locked for %s", elsewhere(), systemOf(elsewhere()))},
	{name: "all of one", tag: "other", all: true, want: []string{systemOf(elsewhere()) + " linux/" + elsewhere()}},
	{name: "no platform in the config", tag: "unsaid", want: []string{systemOf(runtime.GOARCH) + " linux/" + runtime.GOARCH}},
	{name: "no platform in the config, another requested", tag: "unsaid", wanted: []string{"linux/s390x"}, want: []string{"s390x-linux linux/s390x"}},
	{name: "no Nix system", tag: "windows", err: "localhost:5000/app:windows cannot be locked: its config says that it is for windows/amd64, which has no Nix system"},

	{name: "index", tag: "index", wanted: []string{"linux/amd64", "linux/arm64"}, want: []string{"aarch64-linux linux/arm64", "x86_64-linux linux/amd64"}},
	{name: "index that contradicts the config", tag: "liar", wanted: []string{"linux/arm64"}, want: []string{"aarch64-linux linux/arm64"},
		notice: "warning: localhost:5000/app:liar: the image is for another platform: its config says linux/amd64, not linux/arm64, as the index says"},
	{name: "all of an index that contradicts the config", tag: "liar", all: true, want: []string{"aarch64-linux linux/arm64"},
		notice: "warning: localhost:5000/app:liar: the image is for another platform: its config says linux/amd64, not linux/arm64, as the index says"},
	{name: "index without platforms", tag: "unnamed", wanted: []string{"linux/arm64"}, want: []string{"aarch64-linux linux/arm64"}},
	{name: "all of an index without platforms", tag: "unnamed", all: true, want: []string{"aarch64-linux linux/arm64", "x86_64-linux linux/amd64"}},
	{name: "one in an index, none requested", tag: "one unnamed", want: []string{systemOf(elsewhere()) + " linux/" + elsewhere()},
		notice: fmt.Sprintf("localhost:5000/app:one unnamed: the image is for linux/%s only, and is locked for %s", elsewhere(), systemOf(elsewhere()))},
	{name: "one in an index, another requested", tag: "one unnamed", wanted: []string{"linux/s390x"},
		err: "the image is for another platform: its config says linux/" + elsewhere() + ", not linux/s390x"},
	{name: "all but what is missing", tag: "sparse", all: true, want: []string{"x86_64-linux linux/amd64"},
		notice: "localhost:5000/app:sparse: left out: linux/s390x: not found"},
	{name: "all are missing", tag: "lost", all: true, err: "localhost:5000/app:lost: the index has no image for a Nix system",
		notice: "localhost:5000/app:lost: left out: linux/s390x: not found"},

	{name: "old config", tag: "old", wanted: []string{"linux/amd64"}, want: []string{"x86_64-linux linux/amd64"}},
	{name: "no layers", tag: "bare", wanted: []string{"linux/amd64"}, want: []string{"x86_64-linux linux/amd64"}},
	{name: "missing layers", tag: "layerless", wanted: []string{"linux/amd64"},
		err: "localhost:5000/app:layerless cannot be locked: config and layers do not belong together: the config names 1 layers (rootfs.diff_ids), but there are 0"},
	{name: "encrypted", tag: "encrypted", wanted: []string{"linux/amd64"},
		err: "is encrypted (application/vnd.oci.image.layer.v1.tar+gzip+encrypted), which hocker does not support"},
	{name: "missing config", tag: "no config", wanted: []string{"linux/amd64"}, err: ": not found"},
}

func platformRegistry(t *testing.T) *registry {
	r := newRegistry()
	amd, arm := r.add(t, "amd", imageFor("linux/amd64", "amd")), r.add(t, "arm", imageFor("linux/arm64", "arm"))
	other := r.add(t, "other", imageFor("linux/"+elsewhere(), "other"))
	r.add(t, "unsaid", manifest("unsaid"))
	r.add(t, "windows", imageFor("windows/amd64", "windows"))
	r.add(t, "index", index(map[string]ocispec.Descriptor{"linux/amd64": amd, "linux/arm64": arm}))
	r.add(t, "liar", index(map[string]ocispec.Descriptor{"linux/arm64": amd}))
	r.add(t, "unnamed", without(index(map[string]ocispec.Descriptor{"a": amd, "b": arm})))
	r.add(t, "one unnamed", without(index(map[string]ocispec.Descriptor{"a": other})))
	gone := described(ocispec.MediaTypeImageManifest, "gone")
	r.add(t, "sparse", index(map[string]ocispec.Descriptor{"linux/amd64": amd, "linux/s390x": gone}))
	r.add(t, "lost", index(map[string]ocispec.Descriptor{"linux/s390x": gone}))
	old := imageFor("linux/amd64", "old")
	old.Config.MediaType = "application/octet-stream"
	r.add(t, "old", old)
	bare := imageFor("linux/amd64")
	bare.Layers = nil
	r.add(t, "bare", bare)
	layerless := imageFor("linux/amd64", "lost")
	layerless.Layers = nil
	r.add(t, "layerless", layerless)
	encrypted := imageFor("linux/amd64", "secret")
	encrypted.Layers[0].MediaType += "+encrypted"
	r.add(t, "encrypted", encrypted)
	lost := imageFor("linux/amd64", "no config")
	r.add(t, "no config", lost)
	delete(r.configs, lost.Config.Digest)
	return r
}

// An image is locked for its own platform.
func TestLockPlatforms(t *testing.T) {
	r := platformRegistry(t)
	for _, tt := range platformTests {
		t.Run(tt.name, func(t *testing.T) {
			ref, err := reference.Parse("localhost:5000/app:x")
			if err != nil {
				t.Fatal(err)
			}
			ref.Tag = tt.tag
			w := Wanted{Reference: ref, AllPlatforms: tt.all}
			for _, name := range tt.wanted {
				p, err := image.ParsePlatform(name)
				if err != nil {
					t.Fatal(err)
				}
				w.Platforms = append(w.Platforms, p)
			}
			var lines []string
			l := &Locker{Source: r, Jobs: 1, Notice: func(line string) { lines = append(lines, line) }}
			images, err := l.Lock(t.Context(), File{}, map[string]Wanted{"app": w})
			if got := strings.Join(lines, "\n"); got != tt.notice {
				t.Errorf("notices %q, want %q", got, tt.notice)
			}
			var failed *FailuresError
			switch {
			case tt.err != "" && (!errors.As(err, &failed) || !strings.HasSuffix(failed.Failures[0].Err.Error(), tt.err)):
				t.Fatalf("got %v, want %s", err, tt.err)
			case tt.err == "" && err != nil:
				t.Fatal(failed, err)
			}
			var got []string
			for system, p := range images["app"].Platforms {
				got = append(got, system+" "+image.FormatPlatform(p.Platform))
			}
			if slices.Sort(got); !slices.Equal(got, tt.want) {
				t.Errorf("locked for %q, want %q", got, tt.want)
			}
		})
	}
}
