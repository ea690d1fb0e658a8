package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"hocker/test/servers"

	"github.com/opencontainers/go-digest"
)

var errBroken = errors.New("the disk is broken")

// brokenAt returns a copy of the image in which reading blob d fails after n
// bytes.
func brokenAt(image Image, d digest.Digest, n int64) Image {
	open := image.Open
	image.Open = func(ctx context.Context, blob digest.Digest) (io.ReadCloser, error) {
		r, err := open(ctx, blob)
		if err == nil && blob == d {
			r = io.NopCloser(io.MultiReader(io.LimitReader(r, n), brokenReader{}))
		}
		return r, err
	}
	return image
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errBroken }

// A failed load leaves the name unchanged, and its content is collected.
func TestContainerdBrokenOff(t *testing.T) {
	t.Parallel()
	server, c := startContainerd(t)
	p := parts{}
	base, top := p.gzip(t, "base", 10), p.gzip(t, "top", 3<<20)
	one, two := p.image(t, "app:1", base), p.image(t, "app:1", base, p.gzip(t, "middle", 10), top)
	if _, err := c.Load(t.Context(), brokenAt(one, base.Digest, 5), Progress{}); !errors.Is(err, errBroken) {
		t.Fatalf("got %v", err)
	}
	if found, err := c.client.Image(t.Context(), one.name()); err != nil || found.Target != "" {
		t.Errorf("the image has a name: %v, %v", found, err)
	}
	mustLoad(t, server, c, one)
	for _, broken := range []digest.Digest{top.Digest, two.Config.Digest, two.Manifest.Digest} {
		if _, err := c.Load(t.Context(), brokenAt(two, broken, 3), Progress{}); !errors.Is(err, errBroken) {
			t.Fatalf("got %v", err)
		}
		if found, err := c.client.Image(t.Context(), one.name()); err != nil || found.Target != one.Manifest.Digest {
			t.Errorf("the name leads to %v, %v", found, err)
		}
	}
	short := two
	short.Open = func(ctx context.Context, d digest.Digest) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(p[d][:len(p[d])/2])), nil
	}
	if _, err := c.Load(t.Context(), short, Progress{}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a short blob: %v", err)
	}
	ctr(t, server, "default", "images", "remove", "--sync", one.name())
	if left := ctr(t, server, "default", "content", "list", "--quiet"); left != "" {
		t.Errorf("content is left: %s", left)
	}
	mustLoad(t, server, c, two)
}

// An interrupted load returns the cause and leaves nothing.
func TestContainerdInterrupted(t *testing.T) {
	t.Parallel()
	server, c := startContainerd(t)
	p := parts{}
	top := p.gzip(t, "top", 3<<20)
	image := p.image(t, "app:1", p.gzip(t, "base", 10), top)
	ctx, cancel := context.WithCancelCause(t.Context())
	errInterrupted := errors.New("interrupted")
	open := image.Open
	image.Open = func(ctx context.Context, d digest.Digest) (io.ReadCloser, error) {
		if d == top.Digest {
			cancel(errInterrupted)
		}
		return open(ctx, d)
	}
	if _, err := c.Load(ctx, image, Progress{}); !errors.Is(err, errInterrupted) {
		t.Fatalf("got %v", err)
	}
	if leases := ctr(t, server, "default", "leases", "list", "--quiet"); leases != "" {
		t.Errorf("leases are left: %s", leases)
	}
	if found, err := c.client.Image(t.Context(), image.name()); err != nil || found.Target != "" {
		t.Errorf("the image has a name: %v, %v", found, err)
	}
}

// The garbage collector removes nothing that a running load has written or
// relies on.
func TestContainerdCollectedMeanwhile(t *testing.T) {
	t.Parallel()
	server, c := startContainerd(t)
	p := parts{}
	base, middle := p.gzip(t, "base", 10), p.gzip(t, "middle", 10)
	old := p.image(t, "old:1", base)
	mustLoad(t, server, c, old)
	image := p.image(t, "app:1", base, middle, p.gzip(t, "top", 10))
	collected := image
	collected.Open = func(ctx context.Context, d digest.Digest) (io.ReadCloser, error) {
		if d == middle.Digest {
			ctr(t, server, "default", "images", "remove", "--sync", old.name())
		}
		return image.Open(ctx, d)
	}
	mustLoad(t, server, c, collected)
}

// A layer that does not match the config is rejected.
func TestContainerdWrongDiffID(t *testing.T) {
	t.Parallel()
	_, c := startContainerd(t)
	p := parts{}
	layer := p.gzip(t, "base", 10)
	right := layer.DiffID
	layer.DiffID = digest.FromString("another")
	image := p.image(t, "app:1", layer)
	_, err := c.Load(t.Context(), image, Progress{})
	want := fmt.Sprintf("layer %s: unpacks to %s, but the image's config says %s", layer.Digest, right, layer.DiffID)
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if found, err := c.client.Image(t.Context(), image.name()); err != nil || found.Target != "" {
		t.Errorf("the image has a name: %v, %v", found, err)
	}
}

// Content that a killed load has written is not sent again, unless it is wrong.
func TestContainerdResumes(t *testing.T) {
	t.Parallel()
	server, c := startContainerd(t)
	p := parts{}
	good, bad := p.gzip(t, "good", 3<<20), p.gzip(t, "bad", 3<<20)
	image := p.image(t, "app:1", good, bad)
	half := int64(1 << 20)
	for _, blob := range []struct {
		Layer
		content []byte
	}{{good, p[good.Digest][:half]}, {bad, make([]byte, half)}} {
		w, err := c.client.NewWriter(t.Context(), "hocker-"+blob.Digest.String(), blob.Descriptor)
		if err != nil {
			t.Fatal(err)
		}
		if err := write(w, blob.content); err != nil {
			t.Fatal(err)
		}
		w.Close()
	}
	// The wrong one is sent completely, once its second part shows that it is
	// wrong.
	want := image.size(nil) - half + bad.Size - half
	if result := mustLoad(t, server, c, image); result.Sent != want {
		t.Errorf("sent %d bytes, want %d", result.Sent, want)
	}
}

// Concurrent loads send a shared layer once. A stalled load does not block the
// others forever.
func TestContainerdConcurrent(t *testing.T) {
	t.Parallel()
	server, c := startContainerd(t)
	p := parts{}
	base := p.gzip(t, "base", 3<<20)
	var images []Image
	want := base.Size
	for i := range 4 {
		image := p.image(t, fmt.Sprintf("app:%d", i), base, p.gzip(t, fmt.Sprint(i), 10))
		images = append(images, image)
		want += image.size(func(d digest.Digest) bool { return d == base.Digest })
	}
	var (
		loads sync.WaitGroup
		mu    sync.Mutex
		sent  int64
	)
	for _, image := range images {
		mine := findContainerd(t, server, "")
		loads.Go(func() {
			result := mustLoad(t, server, mine, image)
			mu.Lock()
			defer mu.Unlock()
			sent += result.Sent
		})
	}
	loads.Wait()
	if sent != want {
		t.Errorf("sent %d bytes, want %d", sent, want)
	}

	stopped := p.image(t, "stopped:1", p.gzip(t, "stopped", 10))
	layer := stopped.Layers[0]
	w, err := c.client.NewWriter(t.Context(), "hocker-"+layer.Digest.String(), layer.Descriptor)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	c.patience = time.Millisecond
	mustLoad(t, server, c, stopped)
}

// A load whose daemon is killed returns an error. The next one completes.
func TestContainerdKilled(t *testing.T) {
	t.Parallel()
	server, c := startContainerd(t)
	p := parts{}
	top := p.gzip(t, "top", 3<<20)
	image := p.image(t, "app:1", p.gzip(t, "base", 10), top)
	// Not while containerd makes a snapshot: its remains would block the next
	// load.
	unpacked := func() (bool, error) {
		return c.client.HasSnapshot(t.Context(), c.snapshotter, chainIDs(image.Layers)[0].String())
	}
	killed := image
	killed.Open = func(ctx context.Context, d digest.Digest) (io.ReadCloser, error) {
		r, err := image.Open(ctx, d)
		if err != nil || d != top.Digest {
			return r, err
		}
		return io.NopCloser(io.MultiReader(io.LimitReader(r, 2<<20), killer{server, unpacked}, r)), nil
	}
	_, err := c.Load(t.Context(), killed, Progress{})
	var unavailable *UnavailableError
	if !errors.As(err, &unavailable) || unavailable.Host != "unix://"+server.Address() || unavailable.Sent < 1<<20 {
		t.Fatalf("got %v", err)
	}
	unavailable = nil
	if _, err := c.Plan(t.Context(), image); !errors.As(err, &unavailable) {
		t.Fatalf("without a daemon: %v", err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	mustLoad(t, server, c, image)
}

// killer is a reader that kills a daemon once the condition is met.
type killer struct {
	server    *servers.Containerd
	condition func() (bool, error)
}

func (k killer) Read([]byte) (int, error) {
	for {
		met, err := k.condition()
		if err != nil {
			return 0, err
		}
		if met {
			break
		}
		time.Sleep(time.Millisecond)
	}
	k.server.Kill()
	return 0, io.EOF
}
