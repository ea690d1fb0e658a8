package test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"hocker/test/images"
	"hocker/test/servers"
)

// loaderSources are the images that are loaded.
var loaderSources = []struct{ name, variant string }{
	{name: "Docker gzip", variant: "docker"},
	{name: "OCI gzip", variant: "oci"},
	{name: "OCI zstd", variant: "oci-zstd"},
}

// loaderFormats are the forms that hocker-image writes.
var loaderFormats = []struct {
	name   string
	flags  []string
	layout bool
}{
	{name: "archive"},
	{name: "archive --compressed", flags: []string{"--compressed"}},
	{name: "oci-layout", flags: []string{"--format=oci-layout"}, layout: true},
	{name: "oci-layout --compressed", flags: []string{"--format=oci-layout", "--compressed"}, layout: true},
}

// loaded is the input of a loader, and what it must find in it.
type loaded struct {
	file, name string // name is the image's reference
	greeting   string
	image      *images.Image
}

// loader is a program that reads images as hocker-image writes them.
type loader struct {
	name            string
	archive, layout bool              // what it reads
	lacks           map[string]string // by row, what it does not support, whichever tool wrote the image
	load            func(*loadersTest, loaded) error
}

// noZstd returns the row that fails in a loader without zstd.
func noZstd(format string) map[string]string {
	return map[string]string{format + " --compressed, OCI zstd": "no zstd"}
}

// umociLacks has one more row: umoci rejects an OCI layout with Docker's manifest,
// which --compressed keeps.
var umociLacks = func() map[string]string {
	lacks := noZstd("oci-layout")
	lacks["oci-layout --compressed, Docker gzip"] = "OCI only"
	return lacks
}()

// loaders are the columns of the table.
var loaders = []loader{
	{name: "docker load, run", archive: true, lacks: noZstd("archive"), load: (*loadersTest).docker},
	{name: "podman load, run", archive: true, load: (*loadersTest).podman},
	{name: "podman pull oci:", layout: true, load: (*loadersTest).podmanPull},
	{name: "ctr import, run", archive: true, load: (*loadersTest).containerd},
	{name: "skopeo docker-archive:", archive: true, load: skopeoReads("docker-archive:%s")},
	{name: "skopeo oci-archive:", archive: true, load: skopeoReads("oci-archive:%s")},
	{name: "skopeo oci:", layout: true, load: skopeoReads("oci:%s")},
	{name: "umoci unpack", layout: true, lacks: umociLacks, load: (*loadersTest).umoci},
}

// loadersTest is the environment that the cells share.
type loadersTest struct {
	home   *workplace
	docked *servers.Docker
	ctrd   *servers.Containerd
	serial int
}

// TestLoaders reads every format of every source with every loader, and runs the image
// where the loader can. With -v it prints the table.
func TestLoaders(t *testing.T) {
	t.Parallel()
	servers.Require(t, "root", "docker-registry", "skopeo", "umoci", "busybox",
		"docker", "dockerd", "podman", "runc", "containerd", "ctr")
	registry, err := servers.StartRegistry(servers.RegistryOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopServer(t, registry) })
	test := &loadersTest{home: newWorkplace(t, "load")}
	// The daemons start empty, since a daemon does not read a layer that it has.
	if test.docked, err = servers.StartDocker(servers.DockerOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopServer(t, test.docked) })
	if test.ctrd, err = servers.StartContainerd(servers.ContainerdOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopServer(t, test.ctrd) })

	var rows, columns []string
	for _, l := range loaders {
		columns = append(columns, l.name)
	}
	for _, format := range loaderFormats {
		for _, source := range loaderSources {
			rows = append(rows, format.name+", "+source.name)
		}
	}
	result := newTable("hocker-image", rows, columns)
	for _, format := range loaderFormats {
		for _, source := range loaderSources {
			row := format.name + ", " + source.name
			t.Run(row, func(t *testing.T) {
				given, err := test.write(registry, row, source.variant, format.flags...)
				if err != nil {
					t.Fatal(err)
				}
				test.tryAll(t, row, format.layout, given, result)
			})
		}
	}
	t.Logf("\n%s\nPASS: all layers and the image ID are right, and it runs where the column says so.\n"+
		"no zstd, OCI only: a limit of this version of the loader, with archives of any tool.", result)
}

// tryAll runs the loaders of a format in parallel. The images are loaded one after
// another, since a daemon does not read a layer that it has from another image.
func (l *loadersTest) tryAll(t *testing.T, row string, layout bool, given loaded, result *table) {
	t.Cleanup(func() {
		if err := os.RemoveAll(given.file); err != nil {
			t.Error(err)
		}
	})
	for _, by := range loaders {
		if layout && !by.layout || !layout && !by.archive {
			continue
		}
		t.Run(by.name, func(t *testing.T) {
			t.Parallel()
			result.note(row, by.name, l.try(t, by, row, given))
		})
	}
}

// try runs a loader and returns the result. A newer version of the loader may support
// what this one lacks.
func (l *loadersTest) try(t *testing.T, by loader, row string, given loaded) string {
	err := by.load(l, given)
	switch {
	case err == nil:
		return "PASS"
	case by.lacks[row] != "":
		return by.lacks[row]
	}
	t.Errorf("%s: %v", by.name, err)
	return "FAIL"
}

// write pushes a unique image and writes it with hocker-image.
func (l *loadersTest) write(registry *servers.Registry, row, variant string, flags ...string) (loaded, error) {
	l.serial++
	repository := fmt.Sprintf("loaders/app%d", l.serial)
	greeting := "hello from " + row
	image, err := shared.images.Push(images.Spec{Variant: variant, Greeting: greeting}, registry, repository+":1")
	if err != nil {
		return loaded{}, err
	}
	given := loaded{
		file:     filepath.Join(l.home.dir, fmt.Sprintf("image%d", l.serial)),
		name:     registry.Addr() + "/" + repository + ":1",
		greeting: greeting,
		image:    image,
	}
	_, err = l.home.output("hocker-image", append(flags, "--quiet", "--out", given.file, given.name)...)
	return given, err
}

// greets checks the output of a container.
func (given loaded) greets(output []byte) error {
	if got := strings.TrimSpace(string(output)); got != given.greeting {
		return fmt.Errorf("the container printed %q, want %q", got, given.greeting)
	}
	return nil
}

// identifies checks the image ID that a loader reports.
func (given loaded) identifies(output []byte) error {
	got := strings.TrimSpace(string(output))
	if !strings.HasPrefix(got, "sha256:") {
		got = "sha256:" + got
	}
	if got != given.image.Config.String() {
		return fmt.Errorf("the image ID is %s, want %s", got, given.image.Config)
	}
	return nil
}

func (l *loadersTest) docker(given loaded) error {
	docker := func(args ...string) ([]byte, error) {
		return l.home.output("docker", append([]string{"--host", l.docked.Host()}, args...)...)
	}
	if _, err := docker("load", "--input", given.file); err != nil {
		return err
	}
	id, err := docker("image", "inspect", "--format", "{{.Id}}", given.name)
	if err != nil {
		return err
	}
	output, err := untilSaid(func() ([]byte, error) { return docker("run", "--rm", "--network=none", given.name) })
	if err != nil {
		return err
	}
	// A later image must not use these layers.
	if _, err := docker("image", "rm", "--force", given.name); err != nil {
		return err
	}
	if err := given.identifies(id); err != nil {
		return err
	}
	return given.greets(output)
}

func (l *loadersTest) podman(given loaded) error {
	return l.podmanRuns(given, "load", "--quiet", "--input", given.file)
}

func (l *loadersTest) podmanPull(given loaded) error {
	output, err := l.home.output("podman", "pull", "--quiet", "oci:"+given.file)
	if err != nil {
		return err
	}
	given.name = strings.TrimSpace(string(output)) // names in a layout have no registry
	return l.podmanRuns(given, "image", "exists", given.name)
}

// podmanRuns loads an image with podman and runs it.
func (l *loadersTest) podmanRuns(given loaded, load ...string) error {
	if _, err := l.home.output("podman", load...); err != nil {
		return err
	}
	id, err := l.home.output("podman", "image", "inspect", "--format", "{{.Id}}", given.name)
	if err != nil {
		return err
	}
	output, err := untilSaid(func() ([]byte, error) { return l.home.output("podman", podmanRun(given.name)...) })
	if err != nil {
		return err
	}
	if _, err := l.home.output("podman", "image", "rm", "--force", given.name); err != nil {
		return err
	}
	if err := given.identifies(id); err != nil {
		return err
	}
	return given.greets(output)
}

// podmanRun returns podman's arguments to run an image. It sets the runtime and the
// limits, since podman's defaults fail in some containers.
func podmanRun(name string) []string {
	return []string{"--runtime=runc", "run", "--rm", "--network=none",
		"--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024", name}
}

// anyDigest matches a digest in ctr's output.
var anyDigest = regexp.MustCompile(`sha256:[0-9a-f]{64}`)

func (l *loadersTest) containerd(given loaded) error {
	ctr := func(args ...string) ([]byte, error) {
		return l.home.output("ctr", append([]string{"--address", l.ctrd.Address()}, args...)...)
	}
	if _, err := ctr("image", "import", "--snapshotter=native", given.file); err != nil {
		return err
	}
	// ctr does not print the image ID, which is the digest of the config.
	listed, err := ctr("image", "list", "name=="+given.name)
	if err != nil {
		return err
	}
	data, err := ctr("content", "get", anyDigest.FindString(string(listed)))
	if err != nil {
		return err
	}
	var manifest v1.Manifest
	if err := json.Unmarshal(data, &manifest); err != nil {
		return err
	}
	output, err := ctr("run", "--rm", "--snapshotter=native", given.name, "test")
	if err != nil {
		return err
	}
	if _, err := ctr("image", "rm", "--sync", given.name); err != nil {
		return err
	}
	if err := given.identifies([]byte(manifest.Config.Digest)); err != nil {
		return err
	}
	return given.greets(output)
}

// skopeoReads copies the image with skopeo, which verifies every blob.
func skopeoReads(source string) func(*loadersTest, loaded) error {
	return func(l *loadersTest, given loaded) error {
		from := fmt.Sprintf(source, given.file)
		config, err := l.home.output("skopeo", "inspect", "--raw", "--config", from)
		if err != nil {
			return err
		}
		if err := given.identifies([]byte(digest.FromBytes(config))); err != nil {
			return err
		}
		to := given.file + "-" + strings.Trim(source, "-:%s")
		if _, err := l.home.output("skopeo", "--insecure-policy", "copy", "--quiet", from, "dir:"+to); err != nil {
			return err
		}
		return os.RemoveAll(to)
	}
}

func (l *loadersTest) umoci(given loaded) error {
	var index v1.Index
	data, err := os.ReadFile(filepath.Join(given.file, v1.ImageIndexFile))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &index); err != nil {
		return err
	}
	bundle := filepath.Join(l.home.dir, "bundle")
	tag := index.Manifests[0].Annotations[v1.AnnotationRefName]
	if _, err := l.home.output("umoci", "unpack", "--image", given.file+":"+tag, bundle); err != nil {
		return err
	}
	hello, err := os.ReadFile(filepath.Join(bundle, "rootfs", "hello"))
	if err != nil {
		return err
	}
	if err := os.RemoveAll(bundle); err != nil {
		return err
	}
	return given.greets(hello)
}
