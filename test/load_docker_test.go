package test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"hocker/fetcher/archive"
	"hocker/fetcher/engine"
	"hocker/test/servers"
)

// loadTest loads images into its own dockerd, which has no layers from other tests.
type loadTest struct {
	*loadable
	home   *workplace
	docked *servers.Docker
}

func newLoadTest(t *testing.T, size int) *loadTest {
	t.Helper()
	servers.Require(t, "root", "dockerd", "docker")
	docked, err := servers.StartDocker(servers.DockerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopServer(t, docked) })
	return &loadTest{newLoadable(t, size), newWorkplace(t, strings.ReplaceAll(t.Name(), "/", "-")), docked}
}

// engine connects to the daemon.
func (l *loadTest) engine() engine.Engine {
	l.t.Helper()
	e, err := engine.Find(l.t.Context(), l.docked.Host(), func(string) string { return "" })
	if err != nil {
		l.t.Fatal(err)
	}
	return e
}

func (l *loadTest) docker(args ...string) (string, error) {
	output, err := l.home.output("docker", append([]string{"--host", l.docked.Host()}, args...)...)
	return strings.TrimSpace(string(output)), err
}

// mustDocker is like docker, but fails the test on an error.
func (l *loadTest) mustDocker(args ...string) string {
	l.t.Helper()
	output, err := l.docker(args...)
	if err != nil {
		l.t.Fatal(err)
	}
	return output
}

// hocker runs hocker load.
func (l *loadTest) hocker(c archive.Composition, flags ...string) outcome {
	l.t.Helper()
	ran, err := l.home.run("hocker", append(append([]string{"load", "--host", l.docked.Host()}, flags...), l.write(c))...)
	if err != nil {
		l.t.Fatal(err)
	}
	return ran
}

// expect fails unless the daemon has the complete image under its name.
func (l *loadTest) expect(c archive.Composition) {
	l.t.Helper()
	id, err := l.docker("image", "inspect", "--format", "{{.Id}}", c.Reference)
	if err != nil || id != c.Config.Digest.String() {
		l.t.Errorf("%s: the daemon has %q, want %s: %v", c.Reference, id, c.Config.Digest, err)
		return
	}
	// Docker verifies each layer when it saves an image.
	if err := l.save(c, filepath.Join(l.dir, "saved")); err != nil {
		l.t.Errorf("%s: %v", c.Reference, err)
	}
}

func (l *loadTest) save(c archive.Composition, path string) error {
	_, err := l.docker("save", "--output", path, c.Reference)
	return err
}

var loadDockerTests = []struct {
	name   string
	has    []string // the layers of another image in the daemon
	layers []string
	stderr string // the first line, without the name
}{
	{name: "first", layers: []string{"a", "b", "c"}, stderr: "sending "},
	{name: "last layer changed", has: []string{"a", "b", "x"}, layers: []string{"a", "b", "c"}, stderr: "2 of 3 layers already present, sending "},
	{name: "config changed", has: []string{"a", "b", "c", "d"}, layers: []string{"a", "b", "c"}, stderr: "3 of 3 layers already present, sending "},
	{name: "first layer changed", has: []string{"x", "b", "c"}, layers: []string{"a", "b", "c"}, stderr: "sending "},
	{name: "layer twice", has: []string{"a", "b"}, layers: []string{"a", "b", "a"}, stderr: "2 of 3 layers already present, sending "},
}

// TestLoadDocker loads images that the daemon has some layers of. docker save must then
// write the same archive as after docker load.
func TestLoadDocker(t *testing.T) {
	t.Parallel()
	l := newLoadTest(t, 300_000)
	for _, tt := range loadDockerTests {
		t.Run(tt.name, func(t *testing.T) {
			c := l.image("app:1", "amd64", tt.layers...)
			whole, parts := filepath.Join(l.dir, "whole.tar"), filepath.Join(l.dir, "parts.tar")
			stream := filepath.Join(l.dir, "stream.tar")
			l.writeArchive(c, stream)
			l.mustDocker("load", "--quiet", "--input", stream)
			if err := l.save(c, whole); err != nil {
				t.Fatal(err)
			}
			l.mustDocker("rmi", "app:1")
			if tt.has != nil {
				other := l.image("other:1", "amd64", tt.has...)
				if ran := l.hocker(other); ran.code != 0 {
					t.Fatal(ran)
				}
				defer l.mustDocker("rmi", "other:1")
			}
			ran := l.hocker(c)
			if string(ran.stdout) != "Loaded image: app:1\n" || !strings.HasPrefix(string(ran.stderr), "app:1: "+tt.stderr) ||
				strings.Contains(string(ran.stderr), "refused") {
				t.Errorf("%v", ran)
			}
			l.expect(c)
			if err := l.save(c, parts); err != nil {
				t.Fatal(err)
			}
			if first, second := readTar(t, whole), readTar(t, parts); first != second {
				t.Errorf("docker save wrote\n%s\nbut after docker load\n%s", second, first)
			}
			if ran := l.hocker(c); string(ran.stdout) != "Image is already present: app:1\n" || len(ran.stderr) > 0 {
				t.Errorf("again: %v", ran)
			}
			l.mustDocker("rmi", "app:1")
		})
	}
}

func (l *loadTest) writeArchive(c archive.Composition, path string) {
	l.t.Helper()
	f, err := os.Create(path)
	if err != nil {
		l.t.Fatal(err)
	}
	defer f.Close()
	if err := c.WriteArchive(l.t.Context(), f, nil); err != nil {
		l.t.Fatal(err)
	}
}

// TestLoadDockerFlatMemory loads an image that is larger than hocker's memory limit.
func TestLoadDockerFlatMemory(t *testing.T) {
	t.Parallel()
	l := newLoadTest(t, 100<<20)
	path := l.write(l.image("large:1", "amd64", "a"))
	ran, err := l.home.run("peak", "64", "hocker", "load", "--host", l.docked.Host(), path)
	if err != nil || ran.code != 0 {
		t.Errorf("%v, %v", ran, err)
	}
	entries, err := filepath.Glob(filepath.Join(l.home.dir, "tmp", "*"))
	if err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// TestLoadDockerForeign checks the warning about an image for another platform.
func TestLoadDockerForeign(t *testing.T) {
	t.Parallel()
	l := newLoadTest(t, 1000)
	foreign := l.image("foreign:1", "s390x", "a")
	ran := l.hocker(foreign)
	if ran.code != 0 || !strings.HasPrefix(string(ran.stderr), "warning: foreign:1 is for linux/s390x, but the engine runs linux/") {
		t.Errorf("%v", ran)
	}
	l.expect(foreign)
	if ran := l.hocker(l.image("quiet:1", "s390x", "a", "b"), "--quiet"); ran.code != 0 || len(ran.stderr) > 0 {
		t.Errorf("--quiet: %v", ran)
	}
}

// TestLoadDockerRemoved removes layers from the daemon after the load has decided to
// omit them.
func TestLoadDockerRemoved(t *testing.T) {
	t.Parallel()
	l := newLoadTest(t, 100_000)
	base, app := l.image("base:1", "amd64", "a", "b"), l.image("app:1", "amd64", "a", "b", "c")
	e := l.engine()
	if _, err := e.Load(t.Context(), loadableImage(t, base, nil), engine.Progress{}); err != nil {
		t.Fatal(err)
	}
	removed := false
	result, err := e.Load(t.Context(), loadableImage(t, app, func() {
		if !removed {
			removed = true
			l.mustDocker("rmi", "base:1")
		}
	}), engine.Progress{})
	if err != nil || result.LayersPresent != 2 || result.Whole == "" || !strings.Contains(result.Whole, "no such file") {
		t.Errorf("got %+v, %v", result, err)
	}
	l.expect(app)
}

// TestLoadDockerCrash kills the daemon while it reads an image. The name points to the
// previous image until the next load completes.
func TestLoadDockerCrash(t *testing.T) {
	t.Parallel()
	l := newLoadTest(t, 8<<20)
	before, after := l.image("app:1", "amd64", "a", "b"), l.image("app:1", "amd64", "a", "c", "d")
	if _, err := l.engine().Load(t.Context(), loadableImage(t, before, nil), engine.Progress{}); err != nil {
		t.Fatal(err)
	}
	e := l.engine()
	var sent int64
	_, err := e.Load(t.Context(), loadableImage(t, after, nil), engine.Progress{Sent: func(n int64) {
		if sent += n; sent > 10<<20 && sent-n <= 10<<20 {
			l.docked.Crash()
		}
	}})
	var gone *engine.UnavailableError
	if !errors.As(err, &gone) || gone.Sent == 0 || !strings.Contains(err.Error(), " closed the connection after it had read ") {
		t.Errorf("got %v", err)
	}
	if err := l.docked.Restart(); err != nil {
		t.Fatal(err)
	}
	l.expect(before)
	// With the same client, whose connection broke.
	result, err := e.Load(t.Context(), loadableImage(t, after, nil), engine.Progress{})
	if err != nil || result.LayersPresent != 1 {
		t.Errorf("got %+v, %v", result, err)
	}
	l.expect(after)
}

// TestLoadDockerFullDisk fills the daemon's disk. The error has a hint, and the image is
// not sent a second time.
func TestLoadDockerFullDisk(t *testing.T) {
	t.Parallel()
	l := newLoadTest(t, 2<<20)
	before, after := l.image("app:1", "amd64", "a"), l.image("app:1", "amd64", "a", "b", "c")
	if ran := l.hocker(before); ran.code != 0 {
		t.Fatal(ran)
	}
	disk := l.docked.Temporary() // vanishes with the daemon's other mounts
	if _, err := l.home.output("mount", "-t", "tmpfs", "-o", "size=1m", "none", disk); err != nil {
		t.Fatal(err)
	}
	ran := l.hocker(after)
	stderr := string(ran.stderr)
	if ran.code != 1 || !strings.Contains(stderr, ": no space left on device\nhint: the engine's disk is full: docker system df ") || strings.Contains(stderr, "refused") {
		t.Errorf("%v", ran)
	}
	if id := l.mustDocker("image", "inspect", "--format", "{{.Id}}", "app:1"); id != before.Config.Digest.String() {
		t.Errorf("the name points to %s, want %s", id, before.Config.Digest)
	}
	if _, err := l.home.output("umount", disk); err != nil {
		t.Fatal(err)
	}
	if ran := l.hocker(after); ran.code != 0 {
		t.Errorf("with space again: %v", ran)
	}
	l.expect(after)
}

// TestLoadDockerConcurrent loads and removes images that share layers at the same time.
// The images that remain are complete.
func TestLoadDockerConcurrent(t *testing.T) {
	t.Parallel()
	l := newLoadTest(t, 50_000)
	var images []archive.Composition
	for i := range 4 {
		images = append(images, l.image(fmt.Sprintf("app%d:1", i), "amd64", "a", "b", fmt.Sprintf("own%d", i)))
	}
	var group errgroup.Group
	for _, c := range images {
		wanted, e := loadableImage(t, c, nil), l.engine()
		group.Go(func() error {
			for range 5 {
				if _, err := e.Load(t.Context(), wanted, engine.Progress{}); err != nil {
					return fmt.Errorf("%s: %w", c.Reference, err)
				}
				if _, err := l.docker("rmi", c.Reference); err != nil {
					return err
				}
			}
			_, err := e.Load(t.Context(), wanted, engine.Progress{})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
	for _, c := range images {
		l.expect(c)
	}
}
