package test

import (
	"path/filepath"
	"strings"
	"testing"
)

// otherToolsDocument is docs/with-other-tools.md.
var otherToolsDocument = document{
	path:    "docs/with-other-tools.md",
	account: readmeAccount,
	outputs: []documentOutput{
		{words: " app.nix", output: `(?m)^/.*/store/\w{32}-image-app\.json$`},
		{words: "docker load", output: `(?m)^Loaded image: debian:bookworm$`},
	},
	use: useOtherTools,
}

// TestOtherTools follows docs/with-other-tools.md, on stubs of the tools.
func TestOtherTools(t *testing.T) {
	otherToolsDocument.read(t, func(b *box) {
		copyTree(b.t, filepath.Join(shared.root, "nix/tests/nix2container"), filepath.Join(b.folder, "nix2container"))
		copyTree(b.t, filepath.Join(shared.root, "nix/tests/compose2nix.nix"), filepath.Join(b.folder, "docker-compose.nix"))
	})
}

// evaluatedTools are the files that nix/tests/other-tools.nix evaluates, and its attributes.
var evaluatedTools = map[string]string{
	"arion-compose.nix": "arion", "host.nix": "compose", "quadlet.nix": "quadlet", "cluster.nix": "k3s", "home.nix": "home",
}

// useOtherTools evaluates the files that no command of the document does.
func useOtherTools(r *reader, block documentBlock) bool {
	name, _, _ := strings.Cut(strings.TrimPrefix(block.text, "# "), "\n")
	attribute := evaluatedTools[name]
	if attribute == "" {
		return false
	}
	r.write(block)
	output, err := r.box.command("nix-instantiate", "--eval", "--strict", filepath.Join(r.box.folder, "hocker/nix/tests/other-tools.nix"),
		"--arg", "folder", r.box.folder, "-A", attribute).CombinedOutput()
	if err != nil || !strings.HasSuffix(strings.TrimSpace(string(output)), "true") {
		r.box.t.Errorf("%s: %v\n%s", block, err, output)
	}
	return true
}
