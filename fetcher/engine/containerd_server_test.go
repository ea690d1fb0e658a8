package engine

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"

	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Only the blobs that containerd lacks are sent, each once.
func TestContainerdSendsWhatIsMissing(t *testing.T) {
	t.Parallel()
	server, c := startContainerd(t)
	p := parts{}
	base, middle := p.gzip(t, "base", 3<<20), p.zstd(t, "middle", 100)
	one := p.image(t, "app:1", base, middle, base, p.gzip(t, "one", 10))
	two := p.image(t, "app:2", base, middle, base, p.gzip(t, "two", 10))
	moved := two
	moved.Reference = one.Reference
	other := one
	other.Reference.Tag = "other"
	unnamed := two
	unnamed.Reference = reference.Reference{}
	all := func(image Image) int64 { return image.size(nil) }
	changed := two.size(func(d digest.Digest) bool { return d == base.Digest || d == middle.Digest })
	for _, tt := range []struct {
		name  string
		image Image
		want  Plan
	}{
		{name: "first", image: one, want: Plan{Outcome: Loaded, Layers: 4, Bytes: all(one)}},
		{name: "again", image: one, want: Plan{Outcome: Present, Layers: 4, LayersPresent: 4}},
		{name: "changed", image: two, want: Plan{Outcome: Loaded, Layers: 4, LayersPresent: 3, Bytes: changed}},
		{name: "another tag", image: other, want: Plan{Outcome: Tagged, Layers: 4, LayersPresent: 4}},
		{name: "tag moved", image: moved, want: Plan{Outcome: Tagged, Layers: 4, LayersPresent: 4}},
		{name: "tag moved back", image: one, want: Plan{Outcome: Tagged, Layers: 4, LayersPresent: 4}},
		{name: "without a name", image: unnamed, want: Plan{Outcome: Tagged, Layers: 4, LayersPresent: 4}},
		{name: "without a name, again", image: unnamed, want: Plan{Outcome: Present, Layers: 4, LayersPresent: 4}},
	} {
		plan, err := c.Plan(t.Context(), tt.image)
		if err != nil || plan != tt.want {
			t.Errorf("%s: plan %+v, %v; want %+v", tt.name, plan, err, tt.want)
		}
		if result := mustLoad(t, server, c, tt.image); result != (Result{Plan: tt.want, Sent: tt.want.Bytes}) {
			t.Errorf("%s: result %+v, want %+v", tt.name, result, tt.want)
		}
	}
	if leases := ctr(t, server, "default", "leases", "list", "--quiet"); leases != "" {
		t.Errorf("leases are left: %s", leases)
	}
	// This runs the garbage collector, which must find all parts.
	ctr(t, server, "default", "images", "remove", "--sync", "docker.io/library/app:2")
	mustLoad(t, server, c, one)
	if missing, err := c.lacks(t.Context(), &one); err != nil || len(missing) > 0 {
		t.Errorf("collected: %v, %v", missing, err)
	}
}

// An image that is not unpacked is unpacked without sending anything.
func TestContainerdUnpacks(t *testing.T) {
	t.Parallel()
	server, c := startContainerd(t)
	p := parts{}
	image := p.image(t, "app:1", p.gzip(t, "base", 10), p.gzip(t, "top", 10))
	mustLoad(t, server, c, image)
	top := chainIDs(image.Layers)[1].String()
	ctr(t, server, "default", "snapshots", "--snapshotter", string(c.snapshotter), "remove", top)
	if result := mustLoad(t, server, c, image); result.Outcome != Loaded || result.Sent != 0 {
		t.Errorf("result %+v", result)
	}
}

// If containerd removes layers that it has unpacked, as Kubernetes may configure it, an
// image is present without them. A load under another name sends them again.
func TestContainerdDiscardedLayers(t *testing.T) {
	t.Parallel()
	server, c := startContainerd(t)
	p := parts{}
	image := p.image(t, "app:1", p.gzip(t, "base", 10))
	mustLoad(t, server, c, image)
	layer := image.Layers[0]
	ctr(t, server, "default", "content", "remove", layer.Digest.String())
	result, err := c.Load(t.Context(), image, Progress{})
	if want := (Result{Plan: Plan{Outcome: Present, Layers: 1, LayersPresent: 1}}); err != nil || result != want {
		t.Errorf("result %+v, %v", result, err)
	}
	image.Reference.Tag = "2"
	if result := mustLoad(t, server, c, image); result.Outcome != Loaded {
		t.Errorf("another name: %+v", result)
	}
}

// An image for another platform is loaded, with a warning.
func TestContainerdForeign(t *testing.T) {
	t.Parallel()
	server, c := startContainerd(t)
	p := parts{}
	image := p.image(t, "app:1", p.gzip(t, "base", 10))
	image.Platform = ocispec.Platform{OS: "linux", Architecture: "s390x"}
	if result := mustLoad(t, server, c, image); result.Foreign != "linux/"+runtime.GOARCH {
		t.Errorf("got %q", result.Foreign)
	}
}

// In the namespace of Kubernetes, an image gets the names and the label of CRI.
func TestContainerdKubernetes(t *testing.T) {
	t.Parallel()
	server, _ := startContainerd(t)
	c := findContainerd(t, server, "k8s.io")
	p := parts{}
	image := p.image(t, "ghcr.io/org/app:1", p.gzip(t, "base", 10))
	if result := mustLoad(t, server, c, image); result.Outcome != Loaded {
		t.Errorf("first: %+v", result)
	}
	var names []string
	for line := range strings.Lines(ctr(t, server, "k8s.io", "images", "list", `labels."io.cri-containerd.image"==managed`)) {
		names = append(names, strings.Fields(line)[0])
	}
	want := []string{"REF", "ghcr.io/org/app:1", "ghcr.io/org/app@" + image.Manifest.Digest.String(), image.Config.Digest.String()}
	if !slices.Equal(names, want) {
		t.Errorf("names %q, want %q", names, want)
	}
	ctr(t, server, "k8s.io", "images", "label", "ghcr.io/org/app:1", "io.cri-containerd.image=")
	if result := mustLoad(t, server, c, image); result.Outcome != Tagged {
		t.Errorf("without the label: %+v", result)
	}
	if result := mustLoad(t, server, c, image); result.Outcome != Present {
		t.Errorf("again: %+v", result)
	}
}

// Layers are unpacked into the snapshotter that the namespace uses.
func TestContainerdSnapshotter(t *testing.T) {
	t.Parallel()
	server, c := startContainerd(t)
	p := parts{}
	c.snapshotter = "native"
	mustLoad(t, server, c, p.image(t, "app:1", p.gzip(t, "one", 10)))
	again := findContainerd(t, server, "")
	mustLoad(t, server, again, p.image(t, "app:1", p.gzip(t, "again", 10)))
	if again.snapshotter != "native" {
		t.Errorf("got %q", again.snapshotter)
	}
	ctr(t, server, "default", "namespaces", "label", "default", "containerd.io/defaults/snapshotter=own")
	labeled := findContainerd(t, server, "")
	_, err := labeled.Load(t.Context(), p.image(t, "app:2", p.gzip(t, "two", 10)), Progress{})
	var refused *Error
	if !errors.As(err, &refused) || refused.Request != "Snapshots/Stat" || !strings.Contains(refused.Message, "own") {
		t.Errorf("a snapshotter that does not exist: %v", err)
	}
}
