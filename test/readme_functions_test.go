package test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// functionsDocument is docs/nix-functions.md.
var functionsDocument = document{
	path:    "docs/nix-functions.md",
	account: readmeAccount,
	outputs: []documentOutput{
		{words: "builtins.attrNames", output: `\[ "fetchDockerConfig" "fetchDockerLayer" "fetchDockerManifest" "fetchdocker" "fetchdockerLock" "podmanStoreOf" \]`},
		{words: "hockerMirrors", output: `\[ "docker\.io=https://mirror\.example/v2/" \]`},
		{words: "digest layer.nix", output: `"sha256:cd0a524342efac6edff500c17e625735bbe479c926439b263bbe3c8518a0849c"`},
		{words: "name layer.nix", output: `"docker-layer-cd0a524342ef\w+\.tar\.gz"`},
		{words: "name config.nix", output: `"library_debian_jessie-config\.json"`},
		{words: "digest manifest.nix", output: `"sha256:e3b0c442\w+"`},
		{words: "i.imageDigest", output: `\[ "debian:jessie" "debian" "jessie" null \]`},
		{words: "i.archive", output: `\[ "debian-stream" "docker-image-debian_jessie\.tar" "debian-oci" "debian-load" "debian-nix2container\.json" \]`},
		{words: "debian.image locked.nix", output: `"debian:bookworm"`},
		{words: "name store.nix", output: `"podman-store"`},
		{words: "x86_64-linux.imageDigest", output: `"sha256:\w{64}"`},
	},
	requests: map[string]string{
		"fetchDockerLayer": "/", "fetchDockerConfig": "/", "fetchDockerManifest": "/", "fetchdocker": "/",
	},
}

// describedNames lists, by section, the arguments and attributes that the document
// must describe.
const describedNames = `
let
  functions = import ./functions.nix;
  image = import ./image.nix;
  ofNix = [ "all" "drvAttrs" "drvPath" "out" "outPath" "outputName" "type" ];
  own = builtins.attrNames (removeAttrs image (ofNix ++ builtins.attrNames image.drvAttrs));
  arguments = builtins.mapAttrs (name: f: builtins.attrNames (builtins.functionArgs f)) functions;
in
arguments // {
  "Where they come from" = builtins.attrNames (builtins.functionArgs (import ./hocker/nix/fetchdocker.nix));
  fetchdocker = arguments.fetchdocker ++ own;
}`

// TestNixFunctions evaluates the examples of docs/nix-functions.md and checks that it
// describes every function, argument and attribute.
func TestNixFunctions(t *testing.T) {
	r := functionsDocument.read(t, nil)
	if r == nil {
		return
	}
	text, err := r.box.command("nix-instantiate", "--eval", "--strict", "--json", "-E", describedNames).Output()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string][]string{}
	if err := json.Unmarshal(text, &names); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(names["fetchdocker"], "oci") || !slices.Contains(names["fetchDockerLayer"], "hash") {
		t.Fatalf("the functions have %q", names)
	}
	for section, names := range names {
		_, text, found := strings.Cut(r.text, "\n## "+section+"\n")
		text, _, _ = strings.Cut(text, "\n## ")
		if !found {
			t.Errorf("%s has no section %q", r.path, section)
		}
		for _, name := range names {
			if !strings.Contains(text, "`"+name+"`") {
				t.Errorf("%s: section %s does not describe %s", r.path, section, name)
			}
		}
	}
}
