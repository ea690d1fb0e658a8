package main

import (
	"fmt"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// loopback fetches one large blob from a registry on this machine.
func (b *bench) loopback() error {
	blob, err := b.registry.pushRandom("bench/blob", 1, 250<<20)
	if err != nil {
		return err
	}
	url := blobURL(b.registry.addr, "bench/blob", blob)
	return b.compare("One blob of 250 MiB from loopback, verified",
		b.layer("hocker layer", b.registry.addr, "bench/blob", blob),
		b.command("curl, then sha256sum", "curl", "sh", "-c", "curl -fsS -o \"$1\" \"$2\" && sha256sum \"$1\"", "sh", b.out("curl"), url),
		b.command("crane blob", "crane", "sh", "-c", "\"$0\" blob --insecure \"$1\" > \"$2\"", b.peer("crane"), b.registry.addr+"/bench/blob@"+blob.Digest.String(), b.out("crane")),
		b.regctl("regctl blob get", b.registry.addr, "bench/blob", blob),
	)
}

// throttled fetches a blob over a road with 50 ms and 20 MB/s a connection.
func (b *bench) throttled() error {
	blob, err := b.registry.pushRandom("bench/link", 2, 70_000_000)
	if err != nil {
		return err
	}
	url := blobURL(b.link, "bench/link", blob)
	return b.compare("One blob of 70 MB, 50 ms away, 20 MB/s for each connection",
		b.layer("hocker layer", b.link, "bench/link", blob),
		b.command("aria2c -x8 -s8", "aria2", "aria2c", "-q", "-x8", "-s8", "-k1M", "--allow-overwrite=true", "-d", b.dir, "-o", "aria2", url),
		b.command("curl", "curl", "curl", "-fsS", "-o", b.out("curl"), url),
		b.command("crane blob", "crane", "sh", "-c", "\"$0\" blob --insecure \"$1\" > \"$2\"", b.peer("crane"), b.link+"/bench/link@"+blob.Digest.String(), b.out("crane")),
		b.regctl("regctl blob get", b.link, "bench/link", blob),
	)
}

func (b *bench) layer(name, addr, repo string, blob ocispec.Descriptor) contender {
	return b.command(name, "hocker", b.tool("hocker-layer"), "--registry", "http://"+addr+"/v2/",
		"--layer", blob.Digest.Encoded(), "--out", b.out("hocker"), repo, "1")
}

func (b *bench) regctl(name, addr, repo string, blob ocispec.Descriptor) contender {
	return b.command(name, "regctl", "sh", "-c", "\"$0\" --host reg=$1,tls=disabled blob get \"$1/$2\" \"$3\" > \"$4\"",
		b.peer("regctl"), addr, repo, blob.Digest.String(), b.out("regctl"))
}

func blobURL(addr, repo string, blob ocispec.Descriptor) string {
	return fmt.Sprintf("http://%s/v2/%s/blobs/%s", addr, repo, blob.Digest)
}

// images fetches a whole image of some 700 MB in four layers.
func (b *bench) images() error {
	packed, err := b.registry.pushFiles(b.dir, "bench/image", "1", 4, 500_000_000)
	if err != nil {
		return err
	}
	fmt.Printf("\nThe image has 4 layers of together %d MB, of real files.\n", packed/1e6)
	name := b.registry.addr + "/bench/image:1"
	far := b.link + "/bench/image:1"
	if err := b.compare("Image into an archive with unpacked layers, from loopback",
		b.command("hocker-image", "hocker.tar", b.tool("hocker-image"), "--quiet", "--out", b.out("hocker.tar"), name),
		b.command("skopeo copy docker-archive:", "skopeo.tar", "skopeo", "copy", "-q", "--src-tls-verify=false", "docker://"+name, "docker-archive:"+b.out("skopeo.tar")),
	); err != nil {
		return err
	}
	if err := b.compare("Image into an archive with compressed layers, from loopback",
		b.command("hocker-image --compressed", "hocker.tar", b.tool("hocker-image"), "--quiet", "--compressed", "--out", b.out("hocker.tar"), name),
		b.command("crane pull", "crane.tar", b.peer("crane"), "pull", "--insecure", name, b.out("crane.tar")),
	); err != nil {
		return err
	}
	if err := b.compare("The same over the throttled road",
		b.command("hocker-image --compressed", "hocker.tar", b.tool("hocker-image"), "--quiet", "--compressed", "--registry", "http://"+b.link, "--out", b.out("hocker.tar"), "bench/image:1"),
		b.command("crane pull", "crane.tar", b.peer("crane"), "pull", "--insecure", far, b.out("crane.tar")),
		b.command("skopeo copy oci:", "skopeo", "skopeo", "copy", "-q", "--src-tls-verify=false", "docker://"+far, "oci:"+b.out("skopeo")),
	); err != nil {
		return err
	}
	return b.compare("Locking it: what the expression needs to know",
		b.command("docker2nix --fetch", "hocker.nix", b.tool("docker2nix"), "--fetch", "--out", b.out("hocker.nix"), name),
		b.command("skopeo copy docker-archive:, sha256sum (as nix-prefetch-docker)", "skopeo.tar", "sh", "-c",
			"skopeo copy -q --src-tls-verify=false docker://\"$1\" docker-archive:\"$2\" && sha256sum \"$2\"", "sh", name, b.out("skopeo.tar")),
	)
}

// growth shows how time and memory grow with size and number.
func (b *bench) growth() error {
	var contenders []contender
	for i, size := range []int64{1e6, 10e6, 100e6, 500e6, 2e9} {
		blob, err := b.registry.pushRandom("bench/growth", byte(10+i), size)
		if err != nil {
			return err
		}
		contenders = append(contenders, b.layer(fmt.Sprintf("%d MB", size/1e6), b.registry.addr, "bench/growth", blob))
	}
	if err := b.compare("hocker layer, by the size of the blob", contenders...); err != nil {
		return err
	}
	contenders = nil
	for _, n := range []int{1, 10, 100} {
		layers := make([]ocispec.Descriptor, n)
		for i := range layers {
			var err error
			if layers[i], err = b.registry.pushRandom("bench/many", byte(100+i), 1e6); err != nil {
				return err
			}
		}
		tag := fmt.Sprint(n)
		if err := b.registry.pushImage("bench/many", tag, layers, diffIDsOf(layers)); err != nil {
			return err
		}
		contenders = append(contenders, b.command(tag+" layers", "hocker.tar", b.tool("hocker-image"), "--quiet",
			"--out", b.out("hocker.tar"), b.registry.addr+"/bench/many:"+tag))
	}
	return b.compare("hocker-image, by the number of layers of 1 MB", contenders...)
}
