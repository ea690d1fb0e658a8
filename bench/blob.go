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

// throttled fetches a blob over a link with 50 ms delay and 20 MB/s a connection.
func (b *bench) throttled() error {
	blob, err := b.registry.pushRandom("bench/link", 2, 70_000_000)
	if err != nil {
		return err
	}
	// skopeo has no command for a blob: it copies an image of that one layer.
	layer := []ocispec.Descriptor{blob}
	if err := b.registry.pushImage("bench/link", "1", layer, diffIDsOf(layer)); err != nil {
		return err
	}
	url := blobURL(b.link, "bench/link", blob)
	if err := b.compare("One blob of 70 MB, 50 ms away, 20 MB/s for each connection",
		b.layer("hocker layer", b.link, "bench/link", blob),
		b.command("aria2c -x8 -s8", "aria2", "aria2c", "-q", "-x8", "-s8", "-k1M", "--allow-overwrite=true", "-d", b.dir, "-o", "aria2", url),
		b.command("curl", "curl", "curl", "-fsS", "-o", b.out("curl"), url),
		b.command("crane blob", "crane", "sh", "-c", "\"$0\" blob --insecure \"$1\" > \"$2\"", b.peer("crane"), b.link+"/bench/link@"+blob.Digest.String(), b.out("crane")),
		b.regctl("regctl blob get", b.link, "bench/link", blob),
		b.command("skopeo copy dir:", "skopeo", "skopeo", "copy", "-q", "--src-tls-verify=false", "docker://"+b.link+"/bench/link:1", "dir:"+b.out("skopeo")),
	); err != nil {
		return err
	}
	return b.compareBuilds("The same as a nix-build", 1, b.link, "link", []ocispec.Descriptor{blob})
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
