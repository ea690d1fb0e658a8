package test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"hocker/fetcher/reference"
	"hocker/test/servers"
)

// spellings are parts of references. Some are unusual.
var spellings = struct{ hosts, paths, tags, digests []string }{
	[]string{"", "docker.io/", "index.docker.io/", "registry-1.docker.io/", "registry.hub.docker.com/", "docker://",
		"docker://docker.io/", "ghcr.io/", "ghcr.io:443/", "ghcr.io:80/", "localhost/", "localhost:5000/", "localhost:80/",
		"127.0.0.1:443/", "[::1]:5000/", "registry/", "a.b/"},
	[]string{"nginx", "library/nginx", "org/app", "org/team/app", "a__b/c-d", "library/library", "docker.io"},
	[]string{"", ":1.29", ":latest", ":5000", ":v1_a-b.c"},
	[]string{"", "@sha256:cd0a524342efac6edff500c17e625735bbe479c926439b263bbe3c8518a0849c"},
}

// TestReferencesInNix checks that nix/reference.nix parses references like package
// reference, so that a container finds the image that `hocker lock add` has locked.
func TestReferencesInNix(t *testing.T) {
	t.Parallel()
	servers.Require(t, "nix-instantiate")
	pick := func(from []string) string { return from[rand.IntN(len(from))] }
	written := []string{}
	for _, host := range spellings.hosts {
		for _, path := range spellings.paths {
			written = append(written, host+path+pick(spellings.tags)+pick(spellings.digests))
		}
	}
	file := filepath.Join(t.TempDir(), "references.json")
	text, err := json.Marshal(written)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	command := exec.Command("nix-instantiate", "--eval", "--strict", "--json", "--expr",
		"map (import "+filepath.Join(shared.root, "nix/reference.nix")+").parse (builtins.fromJSON (builtins.readFile "+file+"))")
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	type parsed struct {
		Name, Tag string
		Digest    string
	}
	var got []parsed
	if err := json.Unmarshal(output, &got); err != nil {
		t.Fatal(err)
	}
	accepted := 0
	for i, text := range written {
		r, err := reference.Parse(text)
		if err != nil {
			continue // the lock file has no such image
		}
		accepted++
		want := parsed{r.Repository.Familiar(), r.Tag, r.Digest.String()}
		if want.Tag == "" {
			want.Tag = "latest"
		}
		if got[i] != want {
			t.Errorf("%s: Nix reads %+v, want %+v", text, got[i], want)
		}
	}
	if accepted < len(written)/2 {
		t.Errorf("package reference accepts only %d of %d references", accepted, len(written))
	}
}
