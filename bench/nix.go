package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"hocker/test/servers"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// nix builds layers with hocker as the builder and with Nix's own fetcher.
func (b *bench) nix() error {
	for _, size := range []int64{250 << 20, 1000} {
		blob, err := b.registry.pushRandom("bench/nix", byte(size), size)
		if err != nil {
			return err
		}
		if err := b.compareBuilds(fmt.Sprintf("nix-build of one blob of %d bytes", size), 1, b.registry.addr, "nix", []ocispec.Descriptor{blob}); err != nil {
			return err
		}
	}
	blobs := make([]ocispec.Descriptor, 8)
	for i := range blobs {
		var err error
		if blobs[i], err = b.registry.pushRandom("bench/nix", byte(200+i), 30<<20); err != nil {
			return err
		}
	}
	if err := b.compareBuilds("nix-build -j4 of eight blobs of 30 MiB", 4, b.registry.addr, "nix", blobs); err != nil {
		return err
	}
	return b.imagesInOneBuild()
}

// builder builds an expression, a function of hocker's store path, in its own Nix
// store. Each run starts with an empty store, or with the attribute first of the
// expression, if it has one.
func (b *bench) builder(name, expression, first string, args ...string) (contender, error) {
	file := b.out(name + ".nix")
	if err := os.WriteFile(file, []byte(expression), 0o644); err != nil {
		return contender{}, err
	}
	dir := b.out("store-" + name)
	var environ []string
	var hocker string
	return contender{
		name: name,
		before: func() error {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			store, err := servers.NewNixStore(dir)
			if err != nil {
				return err
			}
			environ = os.Environ()
			for key, value := range store.Environ() {
				environ = append(environ, key+"="+value)
			}
			// The store already has everything that the build does not fetch,
			// including hocker.
			cmd := exec.Command("nix-store", "--add", b.hocker)
			cmd.Env = environ
			path, err := cmd.Output()
			if err != nil {
				return err
			}
			hocker = strings.TrimSpace(string(path))
			cmd = exec.Command("nix-instantiate", file, "--argstr", "hocker", hocker)
			if first != "" {
				cmd = exec.Command("nix-build", file, "--argstr", "hocker", hocker, "--no-out-link", "-A", first)
			}
			cmd.Env = environ
			if output, err := cmd.CombinedOutput(); err != nil {
				return fmt.Errorf("%s: %w: %s", cmd, err, output)
			}
			return nil
		},
		command: func() *exec.Cmd {
			cmd := exec.Command("nix-build", append([]string{"--no-out-link", file, "--argstr", "hocker", hocker}, args...)...)
			cmd.Env = environ
			return cmd
		},
		after: func() error { return removeStore(dir) },
	}, nil
}

// removeStore removes a store, whose files are read-only.
func removeStore(dir string) error {
	filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			os.Chmod(path, 0o755)
		}
		return nil
	})
	return os.RemoveAll(dir)
}

// compareBuilds builds blobs of bench/REPO in the registry at addr.
func (b *bench) compareBuilds(title string, jobs int, addr, repo string, blobs []ocispec.Descriptor) error {
	var ours, theirs strings.Builder
	for _, blob := range blobs {
		fmt.Fprintf(&ours, "(functions.fetchDockerLayer { registry = \"http://%s/v2/\"; repository = \"bench\"; imageName = \"%s\"; sha256 = \"%s\"; }) ",
			addr, repo, blob.Digest.Encoded())
		fmt.Fprintf(&theirs, "(import <nix/fetchurl.nix> { url = \"%s\"; sha256 = \"%s\"; name = \"blob\"; }) ",
			blobURL(addr, "bench/"+repo, blob), blob.Digest.Encoded())
	}
	limit := []string{"-j", fmt.Sprint(jobs)}
	hocker, err := b.builder("fetchDockerLayer", b.functions()+"[ "+ours.String()+"]\n", "", limit...)
	if err != nil {
		return err
	}
	fetchurl, err := b.builder("fetchurl", "{ hocker }: [ "+theirs.String()+"]\n", "", limit...)
	if err != nil {
		return err
	}
	return b.compare(title, hocker, fetchurl)
}

// functions is the head of an expression that uses the fetch functions.
func (b *bench) functions() string {
	return fmt.Sprintf("{ hocker }: let functions = import %s/nix/fetchdocker.nix { hocker = builtins.storePath hocker; system = builtins.currentSystem; }; in ", b.repo)
}

// imagesInOneBuild measures how the cost of a build grows with its images.
func (b *bench) imagesInOneBuild() error {
	shared, err := b.registry.pushRandom("bench/fleet", 50, 5e6)
	if err != nil {
		return err
	}
	var contenders []contender
	for _, n := range []int{1, 10, 50} {
		var list strings.Builder
		for i := range n {
			own, err := b.registry.pushRandom("bench/fleet", byte(51+i), 100_000)
			if err != nil {
				return err
			}
			tag := fmt.Sprint(i)
			layers := []ocispec.Descriptor{shared, own}
			if err := b.registry.pushImage("bench/fleet", tag, layers, diffIDsOf(layers)); err != nil {
				return err
			}
			expression, err := exec.Command(b.tool("docker2nix"), "--fetch", b.registry.addr+"/bench/fleet:"+tag).Output()
			if err != nil {
				return err
			}
			fmt.Fprintf(&list, "((%s) { inherit (functions) fetchDockerConfig fetchDockerLayer fetchdocker; })\n", expression)
		}
		c, err := b.builder(fmt.Sprintf("%d images", n), b.functions()+"[\n"+list.String()+"]\n", "", "-j", "4")
		if err != nil {
			return err
		}
		contenders = append(contenders, c)
	}
	return b.compare("nix-build -j4 of fetchdocker images that share a layer of 5 MB", contenders...)
}
