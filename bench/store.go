package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"hocker/test/servers"
)

// store runs an image of some 700 MB from the Nix store, and loads it to compare.
func (b *bench) store() error {
	image, err := b.runnableImage()
	if err != nil {
		return err
	}
	p, err := b.newStorePodman()
	if err != nil {
		return err
	}
	defer servers.UnmountBelow(p.dir)
	expression, err := b.storeExpression(image)
	if err != nil {
		return err
	}
	if err := b.compareStoreBuilds(expression, p, image); err != nil {
		return err
	}
	build, err := b.builder("store", expression("podmanStore"), "first", "-A", "wanted")
	if err != nil {
		return err
	}
	if err := build.before(); err != nil {
		return err
	}
	defer build.after()
	output, err := build.command().Output()
	if err != nil {
		return err
	}
	return b.compareRuns(p, strings.TrimSpace(string(output)), image)
}

// runnableImage makes an image whose last layer has a program.
func (b *bench) runnableImage() (loadImage, error) {
	base, diffIDs, err := b.registry.packFiles(b.dir, "bench/load", 4, 500_000_000)
	if err != nil {
		return loadImage{}, err
	}
	busybox, err := servers.Busybox()
	if err != nil {
		return loadImage{}, err
	}
	program, err := os.ReadFile(busybox)
	if err != nil {
		return loadImage{}, err
	}
	return b.loadImage("run", base, diffIDs, tarFile{name: "bin/busybox", content: string(program), mode: 0o755})
}

// storeExpression returns the expression for a shape of the image. Its attribute first
// has what is in the store before.
func (b *bench) storeExpression(image loadImage) (func(shape string) string, error) {
	utils := b.out("erofs-utils")
	if err := servers.WriteErofsUtils("sid", utils); err != nil {
		return nil, err
	}
	pinned, err := b.pinned(image.name)
	if err != nil {
		return nil, err
	}
	return func(shape string) string {
		return fmt.Sprintf(`{ hocker }: let
			erofsUtils = import %s;
			functions = import %s/nix/fetchdocker.nix {
				inherit erofsUtils;
				hocker = builtins.storePath hocker;
				system = builtins.currentSystem;
			};
			image = (%s) { inherit (functions) fetchDockerConfig fetchDockerLayer fetchdocker; };
			in { wanted = image.%s; first = [ erofsUtils image.config image.layers ]; }`,
			utils, b.repo, pinned, shape)
	}, nil
}

// compareStoreBuilds makes what runs from the store, beside an archive and its load.
func (b *bench) compareStoreBuilds(expression func(string) string, p *storePodman, image loadImage) error {
	var contenders []contender
	for _, shape := range []string{"podmanStore", "archive"} {
		c, err := b.builder(shape, expression(shape), "first", "-A", "wanted", "-j", "2")
		if err != nil {
			return err
		}
		contenders = append(contenders, c)
	}
	contenders = append(contenders, contender{
		name: "podman load", before: p.reset, after: p.reset,
		command: func() *exec.Cmd { return p.command(p.podman, "load", "--quiet", "--input", image.archive) },
	})
	return b.compare("From layers in the store", contenders...)
}

// compareRuns starts a container with nothing loaded, and after a load.
func (b *bench) compareRuns(p *storePodman, store string, image loadImage) error {
	if err := p.configure(store); err != nil {
		return err
	}
	run := strings.Join(p.run, " ")
	shell := func(script string) func() *exec.Cmd {
		return func() *exec.Cmd {
			return p.command("sh", "-ec", script, "sh", p.podman, image.archive, image.layout, image.name)
		}
	}
	fromStore := shell(run + ` "$4" /bin/busybox echo hello`)
	return b.compare("podman "+p.version+" runs an image",
		contender{name: "from the Nix store, first", command: fromStore, before: p.reset},
		contender{name: "from the Nix store, again", command: fromStore},
		contender{name: "podman load, then run", before: p.bare, after: p.reset,
			command: shell(`"$1" load --quiet --input "$2"; ` + run + ` "$4" /bin/busybox echo hello`)},
		contender{name: "podman pull oci:, then run", before: p.bare, after: func() error { return p.configure(store) },
			command: shell(run + ` $("$1" pull --quiet oci:"$3") /bin/busybox echo hello`)},
	)
}

// storePodman is podman with a storage of its own.
type storePodman struct {
	dir, podman, version string
	run                  []string // the command line up to the image's name, for sh
	environ              []string
}

func (b *bench) newStorePodman() (*storePodman, error) {
	_, podman, version, err := newer("sid", "podman", "podman")
	if err != nil {
		return nil, err
	}
	p := &storePodman{dir: b.out("podman"), podman: podman, version: version}
	// podman's default limits fail in some containers.
	p.run = []string{`"$1"`, "--runtime=runc", "run", "--rm", "--pull=never", "--network=none",
		"--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024"}
	p.environ = append(os.Environ(), "HOME="+p.dir, "CONTAINERS_STORAGE_CONF="+filepath.Join(p.dir, "storage.conf"))
	policy := filepath.Join(p.dir, ".config/containers/policy.json")
	if err := os.MkdirAll(filepath.Dir(policy), 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(policy, []byte(`{"default": [{"type": "insecureAcceptAnything"}]}`), 0o644); err != nil {
		return nil, err
	}
	return p, p.configure("")
}

func (p *storePodman) command(args ...string) *exec.Cmd {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = p.environ
	return cmd
}

// configure names an additional image store, or none, and empties the storage.
func (p *storePodman) configure(store string) error {
	text := fmt.Sprintf("[storage]\ndriver = \"overlay\"\ngraphroot = %q\nrunroot = %q\n",
		filepath.Join(p.dir, "graph"), filepath.Join(p.dir, "run"))
	if store != "" {
		text += fmt.Sprintf("[storage.options]\nadditionalimagestores = [ %q ]\n", store)
	}
	if err := os.WriteFile(filepath.Join(p.dir, "storage.conf"), []byte(text), 0o644); err != nil {
		return err
	}
	return p.reset()
}

// bare has podman do without an additional image store.
func (p *storePodman) bare() error { return p.configure("") }

// reset empties the storage, and has podman lay it out.
func (p *storePodman) reset() error {
	if err := servers.UnmountBelow(p.dir); err != nil {
		return err
	}
	for _, name := range []string{"graph", "run"} {
		if err := os.RemoveAll(filepath.Join(p.dir, name)); err != nil {
			return err
		}
	}
	return p.command(p.podman, "images", "--quiet").Run()
}
