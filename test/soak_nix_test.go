package test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"hocker/test/faults"
	"hocker/test/servers"

	"github.com/opencontainers/go-digest"
)

// soakImages is the number of images that TestSoakNix builds.
const soakImages = 100

// soakExpression lists the images of a lock file, and their blobs.
const soakExpression = `
let
  functions = import %s/nix/fetchdocker.nix {
    hocker = %s;
    system = builtins.currentSystem;
  };
  lock = functions.fetchdockerLock ./hocker.lock.json;
  images = map (name: lock.${name}) (builtins.attrNames (builtins.fromJSON (builtins.readFile ./hocker.lock.json)).images);
  blobsOf = image: [ image.config image.manifest ] ++ image.layers;
in
{
  inherit images;
  facts = {
    outputs = map (image: image.outPath) images;
    blobs = map (blob: {
      path = blob.outPath;
      inherit (blob) digest;
    }) (builtins.concatMap blobsOf images);
  };
}
`

// TestSoakNix builds 100 images at once from a registry that fails at random. Each is built or
// fails, and what is in the store is right. Without faults, a second build finishes them all.
func TestSoakNix(t *testing.T) {
	t.Parallel()
	servers.Require(t, "root", "nix-build", "nixbld")
	s := startSoak(t)
	random := rand.New(rand.NewPCG(soakSeed(t), 0))
	faulty := 0
	for n := range soakImages {
		name := soakName(n)
		drawn := faults.Draw(random, 300, "/v2/"+name+"/", name+"/manifests/", name+"/blobs/", name+"/blobs/")
		s.server.Add(drawn.Faults...)
		if len(drawn.Faults) > 0 {
			faulty++
		}
		t.Logf("%s: %q", name, drawn.Faults)
	}
	// A builder that would wait for half a minute is told to wait for less.
	built := s.build(t, "HOCKER_MAX_TIME=2s")
	if built == 0 || built == soakImages {
		t.Errorf("%d of %d images were built with faults in %d", built, soakImages, faulty)
	}
	s.server.Heal()
	again := s.build(t)
	if again != soakImages {
		t.Errorf("%d of %d images were built in the end", again, soakImages)
	}
	t.Logf("faults in %d of %d images: %d were built, and then %d", faulty, soakImages, built, again)
}

// soakSeed returns the seed in HOCKER_SEED, or another one, and logs it.
func soakSeed(t *testing.T) uint64 {
	seed := rand.Uint64()
	if text := os.Getenv("HOCKER_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("HOCKER_SEED=%d", seed)
	return seed
}

func soakName(n int) string { return fmt.Sprintf("soak%02d", n) }

// soak is a registry and a store to build in.
type soak struct {
	*workplace
	server        *faults.Server
	store, builds string // the folders of store paths and of builds
	facts         struct {
		Outputs []string
		Blobs   []struct {
			Path   string
			Digest digest.Digest
		}
	}
}

// startSoak locks the images.
func startSoak(t *testing.T) *soak {
	t.Helper()
	r := faults.New()
	server, err := faults.Serve(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	s := &soak{workplace: newWorkplace(t, "soak"), server: server}
	store, err := servers.NewNixStore(filepath.Join(s.dir, "nix"))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range store.Environ() {
		s.setenv(name, value)
	}
	s.store, s.builds = store.Dir(), filepath.Join(s.dir, "builds")
	s.setenv("TMPDIR", s.builds)
	err = errors.Join(
		os.Mkdir(s.builds, 0o755),
		os.WriteFile(filepath.Join(s.dir, "soak.nix"), fmt.Appendf(nil, soakExpression, shared.root, shared.hocker), 0o644),
	)
	if err != nil {
		t.Fatal(err)
	}
	lock := []string{"lock", "add", "--quiet"}
	for n := range soakImages {
		name := soakName(n)
		addImage(r, name, func(manifest, config jsonObject) { addSoakLayer(r, name, manifest, config) })
		lock = append(lock, server.Host()+"/"+name+":"+name)
	}
	s.succeed(t, "hocker", lock...)
	facts := s.succeed(t, "nix-instantiate", "--eval", "--strict", "--json", "soak.nix", "-A", "facts")
	if err := json.Unmarshal(facts, &s.facts); err != nil || len(s.facts.Outputs) != soakImages {
		t.Fatalf("%v\n%s", err, facts)
	}
	return s
}

// addSoakLayer gives an image a layer of its own. Nix waits five seconds at a time for a path
// that another derivation builds, so images that share a layer would take long.
func addSoakLayer(r *faults.Registry, name string, manifest, config jsonObject) {
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	mustWrite(w.WriteHeader(&tar.Header{Name: name, Mode: 0o644}))
	mustWrite(w.Close())
	d := r.AddBlob(layer.Bytes())
	manifest["layers"] = []jsonObject{{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": d, "size": layer.Len()}}
	config["rootfs"] = jsonObject{"type": "layers", "diff_ids": []digest.Digest{d}}
}

// succeed runs a program that must succeed and returns its standard output.
func (s *soak) succeed(t *testing.T, program string, args ...string) []byte {
	t.Helper()
	output, err := s.output(program, args...)
	if err != nil {
		t.Fatal(err)
	}
	return output
}

// build builds all images that can be built, checks the store, and returns how many there
// are.
func (s *soak) build(t *testing.T, environ ...string) int {
	t.Helper()
	o, err := s.run("env", append(environ, "nix-build", "soak.nix", "-A", "images", "--keep-going", "--no-out-link", "-j", "4")...)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(o.stderr, []byte("goroutine ")) {
		t.Errorf("a builder has crashed\n%s", o.stderr)
	}
	built := 0
	for _, path := range s.facts.Outputs {
		if _, err := os.Stat(path); err == nil {
			built++
		}
	}
	if (o.code == 0) != (built == soakImages) {
		t.Errorf("%d images were built, and the exit code is %d\n%s", built, o.code, o.stderr)
	}
	s.checkStore(t)
	return built
}

// checkStore checks that the store has only valid paths, that the blobs in it have their
// digests, and that no build has left anything.
func (s *soak) checkStore(t *testing.T) {
	t.Helper()
	for _, blob := range s.facts.Blobs {
		data, err := os.ReadFile(blob.Path)
		if err == nil && digest.FromBytes(data) != blob.Digest {
			t.Errorf("%s is not %s", blob.Path, blob.Digest)
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	}
	s.succeed(t, "nix-store", "--verify", "--check-contents")
	var valid []string
	for _, path := range strings.Fields(string(s.succeed(t, "sh", "-c", "nix-store --dump-db | grep ^$NIX_STORE_DIR/ | sort -u"))) {
		valid = append(valid, filepath.Base(path))
	}
	for _, name := range entriesOf(t, s.store) {
		if name != ".links" && !strings.HasSuffix(name, ".lock") && !slices.Contains(valid, name) {
			t.Errorf("%s is left in the store", name)
		}
	}
	if left := entriesOf(t, s.builds); len(left) > 0 {
		t.Errorf("builds have left %q", left)
	}
}

func entriesOf(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}
