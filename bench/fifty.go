package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"hocker/test/servers"
)

// fifty runs fifty images on five bases from one store of podman.
func (b *bench) fifty() error {
	before, after, err := b.lockFifty()
	if err != nil {
		return err
	}
	expression := b.fiftyExpression(before, after)
	all, err := b.builder("fifty images", expression, "blobs", "-A", "wanted", "-j", "2")
	if err != nil {
		return err
	}
	changed, err := b.builder("one layer of them has changed", expression, "before", "-A", "after", "-j", "2")
	if err != nil {
		return err
	}
	if err := b.compare("From layers in the store, podmanStoreOf", all, changed); err != nil {
		return err
	}
	if err := changed.before(); err != nil {
		return err
	}
	defer changed.after()
	nix := nixStore{changed.command()}
	if err := b.compare("Evaluation, podmanStoreOf",
		contender{name: "fifty images", command: func() *exec.Cmd { return nix.command("nix-instantiate", "wanted") }},
		contender{name: "one of them", command: func() *exec.Cmd { return nix.command("nix-instantiate", "one") }},
	); err != nil {
		return err
	}
	plan, err := nix.command("nix-build", "after", "--dry-run").CombinedOutput()
	if err != nil {
		return fmt.Errorf("nix-build --dry-run: %w: %s", err, plan)
	}
	fmt.Printf("\nIf one layer has changed, Nix builds:\n\n%s", plan)
	return b.compareFifty(nix)
}

// nixStore is the store of a builder.
type nixStore struct {
	build *exec.Cmd // nix-build --no-out-link FILE --argstr hocker PATH ...
}

// command returns a command of Nix for an attribute of the builder's expression.
func (s nixStore) command(program, attribute string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, slices.Concat(args, s.build.Args[2:6], []string{"-A", attribute})...)
	cmd.Env = s.build.Env
	return cmd
}

// lockFifty pushes the images and locks them, and once more after a layer of one has
// changed.
func (b *bench) lockFifty() (before, after string, err error) {
	const repo, layersOfBase, bases = "bench/fifty", 2, 5
	base, diffIDs, err := b.registry.packFiles(b.dir, repo, bases*layersOfBase, 30_000_000)
	if err != nil {
		return "", "", err
	}
	busybox, err := servers.Busybox()
	if err != nil {
		return "", "", err
	}
	program, err := os.ReadFile(busybox)
	if err != nil {
		return "", "", err
	}
	push := func(n int, text string) error {
		at := n % bases * layersOfBase
		layers, ids := slices.Clone(base[at:at+layersOfBase]), slices.Clone(diffIDs[at:at+layersOfBase])
		for _, file := range []tarFile{{name: "bin/busybox", content: string(program), mode: 0o755}, textFile(text)} {
			layer, id, err := b.pushLayer(repo, file)
			if err != nil {
				return err
			}
			layers, ids = append(layers, layer), append(ids, id)
		}
		return b.registry.pushImage(repo, fmt.Sprint(n), layers, ids)
	}
	before, after = b.out("before.json"), b.out("after.json")
	add := []string{"lock", "add", "--quiet", "--file", before}
	for n := range 50 {
		if err := push(n, fmt.Sprint("app", n)); err != nil {
			return "", "", err
		}
		add = append(add, fmt.Sprintf("app%d=%s/%s:%d", n, b.registry.addr, repo, n))
	}
	if err := b.runHocker(add...); err != nil {
		return "", "", err
	}
	if err := push(7, "changed"); err != nil {
		return "", "", err
	}
	add[slices.Index(add, before)] = after
	return before, after, b.runHocker(add...)
}

func (b *bench) runHocker(args ...string) error {
	output, err := exec.Command(b.tool("hocker"), args...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("hocker %s: %w: %s", args[0], err, output)
	}
	return err
}

// pushLayer pushes a layer with a file.
func (b *bench) pushLayer(repo string, file tarFile) (ocispec.Descriptor, digest.Digest, error) {
	path := b.out("last.tar.gz")
	defer os.Remove(path)
	id, err := writeLayer(path, nil, file)
	if err != nil {
		return ocispec.Descriptor{}, "", err
	}
	layer, err := b.registry.pushFile(repo, path)
	return layer, id, err
}

// fiftyExpression returns the expression for stores of the images. Its attributes blobs
// and before have what is in the Nix store before.
func (b *bench) fiftyExpression(before, after string) string {
	return fmt.Sprintf(`%s
		let
			inherit (functions) fetchdockerLock podmanStoreOf;
			before = fetchdockerLock %s;
			after = fetchdockerLock %s;
			all = images: builtins.attrValues (builtins.removeAttrs images [ "byReference" "platforms" ]);
			storeOf = images: podmanStoreOf (all images);
		in
		{
			wanted = storeOf before;
			after = storeOf after;
			one = podmanStoreOf [ before.app7 ];
			blobs = map (image: [ image.config image.manifest image.layers ]) (all before);
			before = [ (storeOf before) (podmanStoreOf [ before.app7 ]) ];
		}`, b.functions(), before, after)
}

// compareFifty lists and runs an image of the store, and of one that has only it.
func (b *bench) compareFifty(nix nixStore) error {
	p, err := b.newStorePodman()
	if err != nil {
		return err
	}
	defer servers.UnmountBelow(p.dir)
	var lists, runs []contender
	for _, store := range []struct{ name, attribute string }{{"fifty images in the store", "wanted"}, {"one image in the store", "one"}} {
		output, err := nix.command("nix-build", store.attribute, "--no-out-link").Output()
		if err != nil {
			return err
		}
		configure := func() error { return p.configure(strings.TrimSpace(string(output))) }
		lists = append(lists, contender{name: store.name, before: configure,
			command: func() *exec.Cmd { return p.command(p.podman, "images") }})
		runs = append(runs, contender{name: store.name, before: configure, command: func() *exec.Cmd {
			return p.command("sh", "-ec", strings.Join(p.run, " ")+` "$2" /bin/busybox echo hello`, "sh", p.podman, b.registry.addr+"/bench/fifty:7")
		}})
	}
	if err := b.compare("podman "+p.version+" images", lists...); err != nil {
		return err
	}
	return b.compare("podman "+p.version+" run, the first of an image", runs...)
}
