package test

import (
	"os"
	"path/filepath"
	"testing"
)

// tutorialDocument is docs/tutorial.md.
var tutorialDocument = document{
	path:    "docs/tutorial.md",
	account: readmeAccount,
	outputs: []documentOutput{
		{words: "hocker lock add", output: `(?m)^web +- +→ +sha256:[0-9a-f]{12} +[0-9] new, [0-9] kept +[0-9]`},
		{words: "hocker lock list", output: `(?m)^web +nginx:1\.29 +linux/`},
		{words: "grep docker-layer", output: `(?m)^/.*/store/\w{32}-docker-layer-[0-9a-f]{64}\.tar\.gz$`},
		{words: "hocker prefetch", output: `(?m)^/.*/store/\w{32}-library_redis_8-manifest\.json$`},
		{words: "cat system", output: `(?s)Requires=hocker-load-web\.service\n.*PrivateNetwork=true\n`},
	},
	requests: map[string]string{
		"Write the host":     "/",
		"Lock the images":    theLayers, // hocker lock fetches only manifests and configs
		"What the host does": "/",
		"Deploy it":          "/",
		"Keep it up to date": theLayers,
	},
}

// TestTutorial follows the tutorial. Instead of a host, it runs the commands of the
// host's units.
func TestTutorial(t *testing.T) {
	r := tutorialDocument.read(t, func(b *box) {
		text, err := os.ReadFile(filepath.Join(shared.root, "templates/nixos/configuration.nix"))
		if err != nil {
			b.t.Fatal(err)
		}
		b.write(filepath.Join(b.folder, "configuration.nix"), string(text), 0o644)
	})
	if r == nil {
		return
	}
	before := r.box.requestCounts()
	r.box.mustRun("bash", "-euo", "pipefail", "-c", runUnits)
	r.box.mustRun("bash", "-euo", "pipefail", "-c", fromDisk+runUnits)
	if requests := r.box.requestsSince(before); len(requests) > 0 {
		t.Errorf("the host made a request to a registry: %s", requests[0])
	}
}

// runUnits loads and runs the images as the units of ./system do, with the box's
// Docker daemon. It publishes no ports, since that needs a network.
const runUnits = `
units=$(readlink system)/etc/systemd/system
for unit in "$units"/docker-*.service; do
	! grep network-online "$unit"
	image=$(sed -n '$s/.* //p' "$(sed -n 's/^ExecStart=//p' "$unit")")
	docker rmi --force "$image"
	load=$units/$(sed -n 's/^Requires=//p' "$unit")
	sh -euxc "$(sed -n 's/^ExecStart=//p' "$load" | sed "s|unix:///run/docker.sock|$DOCKER_HOST|")"
	docker run --rm --pull never --network none "$image"
done
`

// fromDisk installs the system from the disk that the tutorial has filled, with an
// otherwise empty store.
const fromDisk = `
system=$(readlink system)
rm system
nix-store --gc
! test -e "$system"
nix copy --no-check-sigs --from "file://$PWD/disk" "$system"
ln -s "$system" system
`
