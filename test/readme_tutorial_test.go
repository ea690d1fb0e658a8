package test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
)

// tutorialDocument is docs/tutorial.md.
var tutorialDocument = document{
	path:    "docs/tutorial.md",
	account: readmeAccount,
	outputs: []documentOutput{
		{words: "hocker lock add web=", output: `(?m)^web +- +→ +sha256:[0-9a-f]{12} +[0-9] new, [0-9] kept +[0-9]`},
		{words: "hocker lock list", output: `(?m)^web +nginx:1\.29 +linux/`},
		{words: "--references", output: `(?m)^/.*/store/\w{32}-docker-layer-[0-9a-f]{64}\.tar\.gz$`},
		{words: "hocker prefetch", output: `(?m)^/.*/store/\w{32}-library_redis_8-manifest\.json$`},
		{words: ".#web.load", output: `(?s)Loaded image: nginx:1\.29\n.*Image is there already: nginx:1\.29\n.*library/nginx:1\.29`},
		{words: "grep docker-layer", output: `(?m)-docker-layer-`},
	},
	requests: map[string]string{
		"Lock the images":    theLayers, // a lock file is made from manifests and configs
		"Try one":            "/",
		"Write the host":     "/",
		"Deploy it":          "/",
		"Keep it up to date": theLayers,
	},
}

// TestTutorial does what the tutorial says, up to the host: of that, it does
// what NixOS does with the containers' options.
func TestTutorial(t *testing.T) {
	r := tutorialDocument.read(t, nil)
	if r == nil {
		return
	}
	before := r.box.requestCounts()
	r.checkContainers()
	r.checkDisk()
	if requests := r.box.requestsSince(before); len(requests) > 0 {
		t.Errorf("the host asks a registry: %s", requests[0])
	}
}

// container is what containers.nix says of a container: some of the options
// that nixpkgs' nixos/modules/virtualisation/oci-containers.nix has.
type container struct {
	Image       string   `json:"image"`
	ImageStream string   `json:"imageStream"`
	Pull        string   `json:"pull"`
	Ports       []string `json:"ports"`
}

// checkContainers does what NixOS' units of the containers do: pipe the stream
// to the engine, and run the image by its name, without pulling it.
func (r *reader) checkContainers() {
	t := r.box.t
	r.box.write(filepath.Join(r.box.folder, "evaluate.nix"), `let
  pkgs = import <nixpkgs> { overlays = [ (import ./hocker/nix/overlay.nix) ]; };
  images = pkgs.fetchdockerLock ./hocker.lock.json;
in
(import ./containers.nix { inherit images; }).virtualisation.oci-containers.containers
`, 0o644)
	text, err := r.box.command("nix-instantiate", "--eval", "--strict", "--json", "evaluate.nix").Output()
	if err != nil {
		t.Fatalf("containers.nix: %v", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	containers := map[string]container{}
	if err := decoder.Decode(&containers); err != nil || len(containers) < 2 {
		t.Fatalf("containers.nix: %v: %s", err, text)
	}
	for name, c := range containers {
		r.box.mustRun("nix-build", "--no-out-link", "evaluate.nix", "-A", name+".imageStream")
		r.box.mustRun("bash", "-c", fmt.Sprintf("docker rmi --force %[1]s; %[2]s | docker load && docker run --rm --pull %[3]s --network none %[1]s", c.Image, c.ImageStream, c.Pull))
	}
}

// checkDisk does what a host does with a disk that the tutorial has filled: it
// has nothing else.
func (r *reader) checkDisk() {
	r.box.mustRun("bash", "-euo", "pipefail", "-c", `stream=$(readlink stream)
docker rmi --force nginx:1.29
rm stream result*
nix-store --gc
! test -e $stream
nix copy --no-check-sigs --from "file://$PWD/disk" $stream
$stream | docker load
docker run --rm --pull never --network none nginx:1.29`)
}
