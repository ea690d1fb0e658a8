package main

import (
	"fmt"
	"os/exec"
)

// images fetches an image of about 700 MB in four layers.
func (b *bench) images() error {
	packed, err := b.registry.pushFiles(b.dir, "bench/image", "1", 4, 500_000_000)
	if err != nil {
		return err
	}
	fmt.Printf("\nThe image has 4 layers of real files, %d MB in total.\n", packed/1e6)
	name := b.registry.addr + "/bench/image:1"
	far := b.link + "/bench/image:1"
	if err := b.compare("Image into an archive with unpacked layers, from loopback",
		b.command("hocker-image", "hocker.tar", b.tool("hocker-image"), "--quiet", "--out", b.out("hocker.tar"), name),
		b.command("skopeo copy docker-archive:", "skopeo.tar", "skopeo", "copy", "-q", "--src-tls-verify=false", "docker://"+name, "docker-archive:"+b.out("skopeo.tar")),
	); err != nil {
		return err
	}
	if err := b.imageBuilds(name, far); err != nil {
		return err
	}
	if err := b.compare("Image into an archive with compressed layers, from loopback",
		b.command("hocker-image --compressed", "hocker.tar", b.tool("hocker-image"), "--quiet", "--compressed", "--out", b.out("hocker.tar"), name),
		b.command("crane pull", "crane.tar", b.peer("crane"), "pull", "--insecure", name, b.out("crane.tar")),
	); err != nil {
		return err
	}
	if err := b.compare("The same over the throttled link",
		b.command("hocker-image --compressed", "hocker.tar", b.tool("hocker-image"), "--quiet", "--compressed", "--registry", "http://"+b.link, "--out", b.out("hocker.tar"), "bench/image:1"),
		b.command("crane pull", "crane.tar", b.peer("crane"), "pull", "--insecure", far, b.out("crane.tar")),
		b.command("skopeo copy oci:", "skopeo", "skopeo", "copy", "-q", "--src-tls-verify=false", "docker://"+far, "oci:"+b.out("skopeo")),
	); err != nil {
		return err
	}
	return b.compare("Locking the image: what the expression needs",
		b.command("docker2nix --fetch", "hocker.nix", b.tool("docker2nix"), "--fetch", "--out", b.out("hocker.nix"), name),
		b.command("skopeo copy docker-archive:, sha256sum (as nix-prefetch-docker)", "skopeo.tar", "sh", "-c",
			"skopeo copy -q --src-tls-verify=false docker://\"$1\" docker-archive:\"$2\" && sha256sum \"$2\"", "sh", name, b.out("skopeo.tar")),
	)
}

// imageBuilds builds the image with Nix: from nothing, and its archive and OCI
// layout with the layers in the store.
func (b *bench) imageBuilds(near, far string) error {
	skopeo := b.command("skopeo copy docker-archive:", "skopeo.tar", "skopeo", "copy", "-q", "--src-tls-verify=false", "docker://"+near, "docker-archive:"+b.out("skopeo.tar"))
	whole, err := b.imageBuild("fetchdocker, from nothing", near, "", "")
	if err != nil {
		return err
	}
	archive, err := b.imageBuild("its archive, from present layers", near, ".archive", "image.config image.layers")
	if err != nil {
		return err
	}
	layout, err := b.imageBuild("its OCI layout, from the verified image", near, ".oci", "image")
	if err != nil {
		return err
	}
	if err := b.compare("nix-build -j4 of the image from loopback", whole, archive, layout, skopeo); err != nil {
		return err
	}
	slow, err := b.imageBuild("fetchdocker over the throttled link", far, "", "")
	if err != nil {
		return err
	}
	return b.compare("nix-build -j4 of the image over the throttled link", slow)
}

// imageBuild builds an attribute of an image in a store that already has what
// before lists.
func (b *bench) imageBuild(name, ref, attribute, before string) (contender, error) {
	expression, err := b.pinned(ref)
	if err != nil {
		return contender{}, err
	}
	file := fmt.Sprintf("%s let image = (%s) { inherit (functions) fetchDockerConfig fetchDockerLayer fetchdocker; }; in\n{ wanted = image%s; first = [ %s ]; }\n",
		b.functions(), expression, attribute, before)
	return b.builder(name, file, "first", "-A", "wanted", "-j", "4")
}

// pinned returns the expression for an image in a registry.
func (b *bench) pinned(ref string) ([]byte, error) {
	return exec.Command(b.tool("docker2nix"), "--fetch", ref).Output()
}
