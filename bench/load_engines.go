package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"hocker/test/servers"
)

// loadEngine is a running engine and its clients.
type loadEngine struct {
	name    string
	environ []string
	hocker  func(loadImage) []string   // the command line of hocker load
	peers   []func(loadImage) []string // the command lines of other clients, the engine's own first
	list    []string                   // prints the names of all images
	removal []string                   // removes images, whose names follow
	stop    func() error
}

// loadEngines are the functions that start the engines.
var loadEngines = []func(*bench) (*loadEngine, error){
	startDocker("overlay2", servers.DockerOverlay),
	startDocker("containerd's image store", servers.DockerContainerd),
	startPodman,
	startContainerd,
}

func (e *loadEngine) command(args []string) *exec.Cmd {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), e.environ...)
	return cmd
}

func (e *loadEngine) run(args []string) error {
	if output, err := e.command(args).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, output)
	}
	return nil
}

// clear removes all images.
func (e *loadEngine) clear() error {
	output, err := e.command(e.list).Output()
	if err != nil {
		return fmt.Errorf("%s: %w", strings.Join(e.list, " "), err)
	}
	if names := strings.Fields(string(output)); len(names) > 0 {
		return e.remove(names...)
	}
	return nil
}

// remove removes those of the images that the engine has.
func (e *loadEngine) remove(names ...string) error {
	output, err := e.command(e.list).Output()
	if err != nil {
		return err
	}
	there := "\n" + string(output)
	args := e.removal
	for _, name := range names {
		if strings.Contains(there, "\n"+name+"\n") {
			args = append(args[:len(args):len(args)], name)
		}
	}
	if len(args) == len(e.removal) {
		return nil
	}
	return e.run(args)
}

// newer returns the programs of a newer suite if they are unpacked, else the machine's.
func newer(suite, pkg, program string) (programs servers.Programs, path, version string, err error) {
	if programs, err = servers.FindPrograms(suite, pkg); err != nil {
		programs = servers.Programs{}
	}
	if path, err = programs.LookPath(program); err != nil {
		return programs, "", "", err
	}
	version, err = programs.Version(program)
	return programs, path, version, err
}

func startDocker(kind string, store servers.DockerStore) func(*bench) (*loadEngine, error) {
	return func(b *bench) (*loadEngine, error) {
		programs, _, version, err := newer("trixie", "docker.io", "dockerd")
		if err != nil {
			return nil, err
		}
		// Debian 12's asks for an API that this daemon no longer has.
		_, skopeo, _, err := newer("trixie", "skopeo", "skopeo")
		if err != nil {
			return nil, err
		}
		daemon, err := servers.StartDocker(servers.DockerOptions{Programs: programs, Store: store})
		if err != nil {
			return nil, err
		}
		return &loadEngine{
			name:    fmt.Sprintf("Docker %s, %s", version, kind),
			environ: []string{"DOCKER_HOST=" + daemon.Host()},
			hocker:  func(i loadImage) []string { return []string{b.tool("hocker"), "load", "--quiet", i.layout} },
			peers: []func(loadImage) []string{
				func(i loadImage) []string { return []string{"docker", "load", "--quiet", "--input", i.archive} },
				func(i loadImage) []string {
					return []string{skopeo, "copy", "--quiet", "--insecure-policy", "--dest-daemon-host=" + daemon.Host(),
						"docker-archive:" + i.archive, "docker-daemon:" + i.name}
				},
			},
			list:    []string{"docker", "images", "--format", "{{.Repository}}:{{.Tag}}"},
			removal: []string{"docker", "image", "rm", "--force"},
			stop:    daemon.Stop,
		}, nil
	}
}

func startPodman(b *bench) (*loadEngine, error) {
	// skopeo and podman share the storage, so both are of this machine's suite.
	_, podman, version, err := newer(servers.System, "podman", "podman")
	if err != nil {
		return nil, err
	}
	dir := b.out("podman")
	config := filepath.Join(dir, "storage.conf")
	text := fmt.Sprintf("[storage]\ndriver = \"overlay\"\ngraphroot = %q\nrunroot = %q\n", filepath.Join(dir, "graph"), filepath.Join(dir, "run"))
	policy := filepath.Join(dir, "home/.config/containers/policy.json")
	if err := os.MkdirAll(filepath.Dir(policy), 0o755); err != nil {
		return nil, err
	}
	for path, text := range map[string]string{config: text, policy: `{"default": [{"type": "insecureAcceptAnything"}]}`} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	return &loadEngine{
		name:    "podman " + version,
		environ: []string{"CONTAINERS_STORAGE_CONF=" + config, "HOME=" + filepath.Join(dir, "home")},
		hocker: func(i loadImage) []string {
			return []string{b.tool("hocker"), "load", "--quiet", "--engine=podman", i.layout}
		},
		peers: []func(loadImage) []string{
			func(i loadImage) []string { return []string{podman, "load", "--quiet", "--input", i.archive} },
			func(i loadImage) []string {
				return []string{"skopeo", "copy", "--quiet", "docker-archive:" + i.archive, "containers-storage:" + i.name}
			},
		},
		list:    []string{podman, "images", "--format", "{{.Repository}}:{{.Tag}}"},
		removal: []string{podman, "image", "rm", "--force"},
		stop:    func() error { return servers.UnmountBelow(dir) },
	}, nil
}

func startContainerd(b *bench) (*loadEngine, error) {
	programs, _, version, err := newer("sid", "containerd", "containerd")
	if err != nil {
		return nil, err
	}
	daemon, err := servers.StartContainerd(servers.ContainerdOptions{Programs: programs})
	if err != nil {
		return nil, err
	}
	ctr, err := programs.LookPath("ctr")
	if err != nil {
		return nil, err
	}
	return &loadEngine{
		name:    "containerd " + version,
		environ: []string{"CONTAINERD_ADDRESS=" + daemon.Address()},
		hocker: func(i loadImage) []string {
			return []string{b.tool("hocker"), "load", "--quiet", "--engine=containerd", i.layout}
		},
		peers: []func(loadImage) []string{
			func(i loadImage) []string { return []string{ctr, "images", "import", i.archive} },
		},
		list:    []string{ctr, "images", "list", "--quiet"},
		removal: []string{ctr, "images", "rm", "--sync"},
		stop:    daemon.Stop,
	}, nil
}
