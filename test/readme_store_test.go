package test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"hocker/test/servers"
)

// storeDocument is docs/running-from-the-store.md.
var storeDocument = document{
	path:    "docs/running-from-the-store.md",
	account: readmeAccount,
	outputs: []documentOutput{
		{words: " store.nix", output: `(?m)^/.*/store/\w{32}-podman-store$`},
		{words: "rootfs.nix", output: `(?m)^/.*/store/\w{32}-debian\.erofs$`},
		{words: "debian.service", output: `(?m)^ExecStart=.*/bin/cat /hello$`},
		{words: "podman run", output: `(?m)^ID=hocker-tests$`},
	},
	use: useStore,
}

// TestRunningFromTheStore follows docs/running-from-the-store.md with podman 5.
func TestRunningFromTheStore(t *testing.T) {
	if _, err := servers.FindPrograms("sid", "podman"); err != nil {
		servers.Lacks(t, err)
	}
	storeDocument.read(t, func(b *box) {
		podman, err := servers.FindPrograms("sid", "podman")
		if err != nil {
			b.t.Fatal(err)
		}
		for i, variable := range b.environ {
			if path, ok := strings.CutPrefix(variable, "PATH="); ok {
				b.environ[i] = "PATH=" + podman.Path(path)
			}
			if strings.HasPrefix(variable, "CONTAINERS_STORAGE_CONF=") {
				b.environ[i] = "CONTAINERS_STORAGE_CONF=/etc/containers/storage.conf"
			}
		}
		if err := servers.WriteErofsUtils("sid", filepath.Join(b.dir, "nixpkgs/erofs-utils")); err != nil {
			b.t.Fatal(err)
		}
	})
}

// storePlaceholder is the path of the store in the document.
var storePlaceholder = regexp.MustCompile(`/nix/store/….*?"`)

// useStore writes the document's storage.conf, with the store that was built, and a
// configuration with which podman runs in a box.
func useStore(r *reader, block documentBlock) bool {
	if block.language != "toml" {
		return false
	}
	store, err := os.Readlink(filepath.Join(r.box.folder, "podman-store"))
	if err != nil {
		r.box.t.Fatal(err)
	}
	conf := storePlaceholder.ReplaceAllLiteralString(block.text, store+`"`)
	own := "[storage]\ngraphroot = \"" + r.box.dir + "/graph\"\nrunroot = \"" + r.box.dir + "/run\"\n"
	r.box.write("/etc/containers/storage.conf", strings.Replace(conf, "[storage]\n", own, 1), 0o644)
	r.box.write("/etc/containers/containers.conf", `[containers]
netns = "none"
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
`, 0o644)
	r.box.t.Cleanup(func() {
		if err := servers.UnmountBelow(r.box.dir); err != nil {
			r.box.t.Error(err)
		}
	})
	return true
}
