package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// start measures how long a command takes that does nothing: a script runs many.
func (b *bench) start() error {
	var contenders []contender
	for _, program := range [][]string{{b.tool("hocker"), "--version"}, {b.peer("crane"), "version"}, {b.peer("regctl"), "version"}, {"skopeo", "--version"}} {
		contenders = append(contenders, contender{name: filepath.Base(program[0]), command: func() *exec.Cmd {
			return exec.Command("sh", "-c", `for i in $(seq 100); do "$@"; done`, "sh", program[0], program[1])
		}})
	}
	return b.compare("Programs that print their version, 100 times", contenders...)
}

// scale updates a lock file of a thousand images, and evaluates it. curl sends the same
// requests and does nothing with the answers.
func (b *bench) scale() error {
	const n = 1000
	old, now := b.out("old.json"), b.out("now.json")
	if err := b.lockMany(n, "one", old); err != nil {
		return err
	}
	if err := b.pushMany(n, "two"); err != nil {
		return err
	}
	heads, err := b.curl("heads.conf", n, "head")
	if err != nil {
		return err
	}
	all, err := b.curl("all.conf", n, "head", "get")
	if err != nil {
		return err
	}
	update := func(name string) contender {
		c := b.command(name, "", b.tool("hocker"), "lock", "update", "--quiet", "--file", now)
		c.after = nil
		return c
	}
	everything := update("hocker lock update")
	everything.before = func() error { return exec.Command("cp", old, now).Run() }
	if err := b.compare("A thousand images, of which every tag has moved", everything, all); err != nil {
		return err
	}
	if err := b.compare("A thousand images, of which no tag has moved", update("hocker lock update"), heads); err != nil {
		return err
	}
	expression := b.out("scale.nix")
	text := fmt.Sprintf(`
		let
			functions = import %s/nix/fetchdocker.nix { hocker = "/not/built"; system = builtins.currentSystem; };
			images = removeAttrs (functions.fetchdockerLock %s) [ "byReference" "platforms" ];
		in
		builtins.foldl' (n: image: builtins.seq image.drvPath (n + 1)) 0 (builtins.attrValues images)`, b.repo, now)
	if err := os.WriteFile(expression, []byte(text), 0o644); err != nil {
		return err
	}
	evaluate := b.command("nix-instantiate --eval", "", "nix-instantiate", "--eval", "--readonly-mode", expression)
	evaluate.after = nil
	return b.compare("Evaluation of the lock file: a derivation of each image", evaluate)
}

// pushMany pushes n images that differ in their annotations.
func (b *bench) pushMany(n int, text string) error {
	layer, err := b.registry.pushRandom("bench/scale", 200, 1000)
	if err != nil {
		return err
	}
	layers := []ocispec.Descriptor{layer}
	if err := b.registry.pushImage("bench/scale", "base", layers, diffIDsOf(layers)); err != nil {
		return err
	}
	url := "http://" + b.registry.addr + "/v2/bench/scale/manifests/"
	base, err := exec.Command("curl", "-sf", "-H", "Accept: "+mediaTypeManifest, url+"base").Output()
	if err != nil {
		return err
	}
	for i := range n {
		image := bytes.Replace(base, []byte("{"), fmt.Appendf(nil, `{"annotations":{"n":"%s %d"},`, text, i), 1)
		if err := put(url+fmt.Sprint(i), mediaTypeManifest, bytes.NewReader(image), int64(len(image))); err != nil {
			return err
		}
	}
	return nil
}

// lockMany pushes n images and locks them in a file.
func (b *bench) lockMany(n int, text, file string) error {
	if err := b.pushMany(n, text); err != nil {
		return err
	}
	add := []string{"lock", "add", "--quiet", "--file", file}
	for i := range n {
		add = append(add, fmt.Sprintf("i%d=%s/bench/scale:%d", i, b.registry.addr, i))
	}
	return b.runHocker(add...)
}

// curl returns a contender that sends requests for each of n manifests, sixteen at a
// time. The methods are head or get.
func (b *bench) curl(name string, n int, methods ...string) (contender, error) {
	var config strings.Builder
	for _, method := range methods {
		for i := range n {
			fmt.Fprintf(&config, "url = \"http://%s/v2/bench/scale/manifests/%d\"\nheader = \"Accept: %s\"\noutput = /dev/null\nsilent\nfail\n%s\nnext\n",
				b.registry.addr, i, mediaTypeManifest, method)
		}
	}
	path := b.out(name)
	err := os.WriteFile(path, []byte(strings.TrimSuffix(config.String(), "next\n")), 0o644)
	return contender{name: fmt.Sprintf("curl, %s", strings.Join(methods, " and ")), command: func() *exec.Cmd {
		return exec.Command("curl", "--parallel", "--parallel-max", "16", "--config", path)
	}}, err
}
