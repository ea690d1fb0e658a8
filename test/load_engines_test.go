package test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"hocker/test/images"
	"hocker/test/servers"
)

// loadEngine is an engine that images are loaded into: a column of the table.
type loadEngine struct {
	suite   string // of Debian, or servers.System
	pkg     string
	program string // the server, which prints its version
	kind    string // how it stores images
	needs   []string
	start   func(*testing.T, servers.Programs, *workplace) loadTarget
}

// loadEngines are the columns of the table.
var loadEngines = []loadEngine{
	{servers.System, "docker.io", "dockerd", "vfs", []string{"docker"}, startDocker(servers.DockerVFS)},
	{"trixie", "docker.io", "dockerd", "overlay2", []string{"docker"}, startDocker(servers.DockerOverlay)},
	{"trixie", "docker.io", "dockerd", "containerd", []string{"docker"}, startDocker(servers.DockerContainerd)},
	{"sid", "docker.io", "dockerd", "overlay2", []string{"docker"}, startDocker(servers.DockerOverlay)},
	{"sid", "docker.io", "dockerd", "containerd", []string{"docker"}, startDocker(servers.DockerContainerd)},
	{servers.System, "podman", "podman", "overlay", []string{"runc"}, startPodman},
	{"sid", "podman", "podman", "overlay", []string{"runc"}, startPodman},
	{servers.System, "containerd", "containerd", "overlayfs", []string{"runc"}, startContainerd},
	{"sid", "containerd", "containerd", "overlayfs", []string{"runc"}, startContainerd},
}

// loadTarget is a running engine with its own client.
type loadTarget interface {
	// flags select the engine in hocker load.
	flags() []string
	// load loads an archive with the engine's client.
	load(file string) error
	// want returns the ID that the engine gives to an image.
	want(*images.Image) digest.Digest
	// id returns the ID of the image with a name, or "".
	id(name string) (digest.Digest, error)
	// save writes the archive of an image.
	save(name, file string) error
	// greet returns the output of a container of an image.
	greet(name string) ([]byte, error)
	// remove removes images.
	remove(names ...string) error
}

var noSuchImage = regexp.MustCompile(`(?i)no such |image not known`)

// idOf returns the ID that a client prints, or "" if it finds no such image.
func (w *workplace) idOf(program string, args ...string) (digest.Digest, error) {
	o, err := w.run(program, args...)
	if err != nil || o.code != 0 && noSuchImage.Match(o.stderr) {
		return "", err
	}
	if o.code != 0 {
		return "", fmt.Errorf("%s: exit code %d\n%s", o.command, o.code, o.stderr)
	}
	id := strings.TrimSpace(string(o.stdout))
	if !strings.HasPrefix(id, "sha256:") {
		id = "sha256:" + id
	}
	return digest.Parse(id)
}

// greeter is the name of the container that greets.
const greeter = "greeter"

// greetByLog returns the log of a container. run starts the container; flags precede the
// other commands.
func (w *workplace) greetByLog(program string, flags, run []string) ([]byte, error) {
	return untilSaid(func() ([]byte, error) { return w.containerLog(program, flags, run) })
}

// containerLog starts the container with run, and removes it when it has ended.
func (w *workplace) containerLog(program string, flags, run []string) ([]byte, error) {
	command := func(args ...string) []string { return slices.Concat(flags, args) }
	for _, args := range [][]string{run, command("wait", greeter)} {
		if _, err := w.output(program, args...); err != nil {
			return nil, err
		}
	}
	output, err := w.output(program, command("logs", greeter)...)
	if err != nil {
		return nil, err
	}
	_, err = w.output(program, command("rm", greeter)...)
	return output, err
}

// dockerTarget is a dockerd.
type dockerTarget struct {
	*workplace
	*servers.Docker
	store servers.DockerStore
}

func startDocker(store servers.DockerStore) func(*testing.T, servers.Programs, *workplace) loadTarget {
	return func(t *testing.T, programs servers.Programs, home *workplace) loadTarget {
		daemon, err := servers.StartDocker(servers.DockerOptions{Programs: programs, Store: store})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { stopServer(t, daemon) })
		return dockerTarget{home, daemon, store}
	}
}

func (d dockerTarget) docker(args ...string) []string {
	return append([]string{"--host", d.Host()}, args...)
}

func (d dockerTarget) flags() []string { return []string{"--host", d.Host()} }

func (d dockerTarget) want(image *images.Image) digest.Digest {
	if d.store == servers.DockerContainerd {
		return image.Manifest
	}
	return image.Config
}

func (d dockerTarget) load(file string) error {
	_, err := d.output("docker", d.docker("load", "--input", file)...)
	return err
}

func (d dockerTarget) id(name string) (digest.Digest, error) {
	return d.idOf("docker", d.docker("image", "inspect", "--format", "{{.Id}}", name)...)
}

func (d dockerTarget) save(name, file string) error {
	_, err := d.output("docker", d.docker("save", "--output", file, name)...)
	return err
}

// greet reads the log, because docker run may lose the output of a short container.
func (d dockerTarget) greet(name string) ([]byte, error) {
	return d.greetByLog("docker", d.docker(), d.docker("run", "--detach", "--network=none", "--name="+greeter, name))
}

func (d dockerTarget) remove(names ...string) error {
	_, err := d.output("docker", d.docker(append([]string{"image", "rm", "--force"}, names...)...)...)
	return err
}

// podmanTarget is a podman in the workplace, without a server.
type podmanTarget struct{ *workplace }

func startPodman(t *testing.T, programs servers.Programs, home *workplace) loadTarget {
	for i, variable := range home.environ {
		if path, ok := strings.CutPrefix(variable, "PATH="); ok {
			home.environ[i] = "PATH=" + programs.Path(path)
		}
	}
	config := filepath.Join(home.dir, "home/.config/containers/storage.conf")
	text, err := os.ReadFile(config)
	if err == nil {
		err = os.WriteFile(config, []byte(strings.Replace(string(text), `"vfs"`, `"overlay"`, 1)), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	// podman leaves its storage mounted.
	t.Cleanup(func() {
		awaitNoProcess(t, home.dir)
		if err := servers.UnmountBelow(home.dir); err != nil {
			t.Error(err)
		}
	})
	return podmanTarget{home}
}

// awaitNoProcess waits until no process has a folder in its command line. podman run does
// not wait for what cleans up after its container.
func awaitNoProcess(t *testing.T, dir string) {
	t.Helper()
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		files, err := filepath.Glob("/proc/[0-9]*/cmdline")
		if err != nil {
			t.Fatal(err)
		}
		found := ""
		for _, file := range files {
			// The process may have ended.
			if command, _ := os.ReadFile(file); bytes.Contains(command, []byte(dir+"/")) {
				found = string(bytes.ReplaceAll(command, []byte{0}, []byte(" ")))
			}
		}
		if found == "" {
			return
		}
		if time.Since(start) > 5*time.Minute {
			t.Errorf("it still runs: %s", found)
			return
		}
	}
}

func (p podmanTarget) flags() []string { return []string{"--engine=podman"} }

func (p podmanTarget) want(image *images.Image) digest.Digest { return image.Config }

func (p podmanTarget) load(file string) error {
	_, err := p.output("podman", "load", "--quiet", "--input", file)
	return err
}

func (p podmanTarget) id(name string) (digest.Digest, error) {
	return p.idOf("podman", "image", "inspect", "--format", "{{.Id}}", name)
}

func (p podmanTarget) save(name, file string) error {
	_, err := p.output("podman", "save", "--quiet", "--output", file, name)
	return err
}

// greet reads the log, because podman run of podman 4.3 may lose the output of a short
// container.
func (p podmanTarget) greet(name string) ([]byte, error) {
	run := podmanRun(name)
	i := slices.Index(run, "--rm")
	run = slices.Replace(run, i, i+1, "--detach", "--log-driver=k8s-file", "--name="+greeter)
	return p.greetByLog("podman", nil, run)
}

func (p podmanTarget) remove(names ...string) error {
	_, err := p.output("podman", append([]string{"image", "rm", "--force"}, names...)...)
	return err
}

// containerdTarget is a containerd with ctr.
type containerdTarget struct {
	*workplace
	*servers.Containerd
	program string
	local   []string // --local if ctr has it, which does without containerd's transfer service
}

func startContainerd(t *testing.T, programs servers.Programs, home *workplace) loadTarget {
	daemon, err := servers.StartContainerd(servers.ContainerdOptions{Programs: programs})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopServer(t, daemon) })
	program, err := programs.LookPath("ctr")
	if err != nil {
		t.Fatal(err)
	}
	help, err := home.output(program, "image", "import", "--help")
	if err != nil {
		t.Fatal(err)
	}
	c := containerdTarget{Containerd: daemon, workplace: home, program: program}
	if bytes.Contains(help, []byte("--local")) {
		c.local = []string{"--local"}
	}
	return c
}

func (c containerdTarget) ctr(args ...string) []string {
	return append([]string{"--address", c.Address()}, args...)
}

func (c containerdTarget) flags() []string {
	return []string{"--engine=containerd", "--host=unix://" + c.Address()}
}

func (c containerdTarget) want(image *images.Image) digest.Digest { return image.Manifest }

func (c containerdTarget) load(file string) error {
	_, err := c.output(c.program, c.ctr(slices.Concat([]string{"image", "import"}, c.local, []string{file})...)...)
	return err
}

func (c containerdTarget) id(name string) (digest.Digest, error) {
	listed, err := c.output(c.program, c.ctr("image", "list", "name=="+name)...)
	return digest.Digest(anyDigest.FindString(string(listed))), err
}

func (c containerdTarget) save(name, file string) error {
	_, err := c.output(c.program, c.ctr(slices.Concat([]string{"image", "export"}, c.local, []string{file, name})...)...)
	return err
}

func (c containerdTarget) greet(name string) ([]byte, error) {
	// All daemons of this machine share runc's names of containers.
	id := digest.FromString(c.Address() + name).Encoded()[:12]
	return c.output(c.program, c.ctr("run", "--rm", name, id)...)
}

func (c containerdTarget) remove(names ...string) error {
	_, err := c.output(c.program, c.ctr(append([]string{"image", "rm", "--sync"}, names...)...)...)
	return err
}
