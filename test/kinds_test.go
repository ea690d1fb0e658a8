package test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"

	"hocker/test/images"
	"hocker/test/servers"
)

// kind is a kind of image. Every command accepts it, except for those in refused.
type kind struct {
	name    string
	variant string
	static  bool // served by nginx, since docker-registry rejects it
	foreign bool // pass --foreign to commands that have this flag
	warned  bool // commands that read the config warn of another platform
	refused map[string]refusal
}

// refusal is an expected error.
type refusal struct {
	code    int
	message string // a regular expression
}

// kindColumns are the commands, in the order of the table.
var kindColumns = []string{"manifest", "config", "layer", "decompress", "image", "compressed", "oci-layout", "docker2nix", "lock", "inspect", "diff"}

// all returns the same refusal for every command.
func all(r refusal) map[string]refusal { return these(r, kindColumns...) }

// these returns the same refusal for some commands.
func these(r refusal, columns ...string) map[string]refusal {
	refused := map[string]refusal{}
	for _, column := range columns {
		refused[column] = r
	}
	return refused
}

var (
	notAnImage  = refusal{1, `expected an image manifest, but it is `}
	noLayer     = refusal{4, `has no layer 0: it has 0`}
	isEncrypted = refusal{1, `layer 0, sha256:[0-9a-f]{64}, is encrypted \(application/vnd\.oci\.image\.layer\.v1\.tar\+gzip\+encrypted\)`}
	isForeign   = refusal{1, `is foreign: .*http://127`}
)

// kinds are the rows of the table.
var kinds = []kind{
	{name: "Docker schema 2 (skopeo)", variant: "docker"},
	{name: "Docker manifest list (skopeo)", variant: "list"},
	{name: "OCI, gzip layers (skopeo)", variant: "oci"},
	{name: "OCI, zstd layers (skopeo)", variant: "oci-zstd"},
	{name: "OCI, uncompressed layers (skopeo)", variant: "oci-tar"},
	{name: "OCI, gzip, zstd and uncompressed", variant: "mixed"},
	{name: "OCI, no media type (umoci)", variant: "umoci"},
	{name: "OCI index (skopeo)", variant: "oci-index"},
	{name: "OCI index (buildah)", variant: "buildah"},
	{name: "index of indexes", variant: "nested"},
	{name: "index with attestations", variant: "attested"},
	{name: "empty layers", variant: "empty"},
	{name: "same layer twice", variant: "repeated"},
	{name: "no layers", variant: "none", refused: these(noLayer, "layer", "decompress")},
	{name: "config of Docker 1.10 (application/octet-stream)", variant: "octet-config"},
	{name: "config: application/json", variant: "json-config"},
	{name: "config without a type", variant: "untyped"},
	{name: "no layers field", variant: "layers-gone", static: true, refused: these(noLayer, "layer", "decompress")},
	{name: "layers: null", variant: "layers-null", static: true, refused: these(noLayer, "layer", "decompress")},
	{name: "rootfs: {}", variant: "empty-rootfs", refused: these(noLayer, "layer", "decompress")},
	{name: "index without platforms", variant: "unnamed"},
	{name: "index with some platforms", variant: "half-named"},
	{name: "platforms in the outer index", variant: "outer-named"},
	{name: "index with an entry of an unknown type (static)", variant: "other-entry", static: true},
	{name: "index with missing manifests (static)", variant: "sparse", static: true},
	{name: "config and index disagree on the platform", variant: "liar", warned: true},
	{name: "zeros after gzip layers", variant: "padded"},
	{name: "zstd layers with a window of 128 MiB", variant: "window"},
	{name: "encrypted layers", variant: "encrypted",
		refused: these(isEncrypted, "layer", "decompress", "image", "compressed", "oci-layout", "docker2nix", "lock")},
	{name: "foreign layer (OCI), --foreign", variant: "foreign", foreign: true, refused: these(isForeign, "docker2nix", "lock")},
	{name: "foreign layer (Docker), --foreign", variant: "foreign-docker", foreign: true, refused: these(isForeign, "docker2nix", "lock")},
	{name: "foreign layer (OCI)", variant: "foreign",
		refused: these(isForeign, "layer", "decompress", "image", "compressed", "oci-layout", "docker2nix", "lock")},
	{name: "foreign layer (Docker)", variant: "foreign-docker",
		refused: these(isForeign, "layer", "decompress", "image", "compressed", "oci-layout", "docker2nix", "lock")},
	{name: "sha512 digests (static)", variant: "sha512", static: true,
		refused: these(refusal{1, `uses sha512, expected sha256`}, "docker2nix", "lock")},
	{name: "artifact, by its config (a chart)", variant: "chart", refused: all(notAnImage)},
	{name: "artifact, OCI 1.1", variant: "artifact", refused: all(notAnImage)},
	{name: "artifact manifest (static)", variant: "oci-artifact", static: true, refused: all(notAnImage)},
	{name: "attestation itself", variant: "attestation", refused: all(notAnImage)},
	{name: "Docker schema 1 (skopeo)", variant: "schema1", refused: all(refusal{1, `schema 1`})},
	{name: "manifest over 4 MiB (static)", variant: "huge", static: true, refused: all(refusal{1, `larger than 4.2 MB`})},
}

// TestKinds runs every command on every kind of image, with a real registry. With -v
// it prints the table.
func TestKinds(t *testing.T) {
	t.Parallel()
	servers.Require(t, "docker-registry", "nginx", "root", "skopeo", "umoci", "buildah", "busybox", "nix-build", "nixbld")
	test := &kindsTest{home: newWorkplace(t, "kinds")}
	test.start(t)
	var rows []string
	for _, k := range kinds {
		rows = append(rows, k.name)
	}
	result := newTable("image kind", rows, kindColumns)
	t.Run("all", func(t *testing.T) { // returns after its parallel subtests
		for _, k := range kinds {
			t.Run(k.name, func(t *testing.T) {
				t.Parallel()
				test.row(t, k, result)
			})
		}
	})
	t.Logf("\n%s\nPASS: all digests are right. refused: a clear error with its exit code, and nothing written.", result)
}

// kindsTest is the environment that the rows share.
type kindsTest struct {
	home     *workplace
	registry *servers.Registry
	static   *servers.Nginx
	files    string // the static server's folder
}

// start starts the servers and makes a Nix store for evaluation.
func (k *kindsTest) start(t *testing.T) {
	t.Helper()
	var err error
	if k.registry, err = servers.StartRegistry(servers.RegistryOptions{Schema1: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopServer(t, k.registry) })
	k.files = filepath.Join(k.home.dir, "files")
	if err := os.Mkdir(k.files, 0o755); err != nil {
		t.Fatal(err)
	}
	if k.static, err = servers.StartNginx(servers.NginxOptions{Root: k.files}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopServer(t, k.static) })
	store, err := servers.NewNixStore(filepath.Join(k.home.dir, "nix"))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range store.Environ() {
		k.home.setenv(name, value)
	}
}

func stopServer(t *testing.T, s interface{ Stop() error }) {
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
}

// notPlain matches characters that are invalid in repositories or Nix paths.
var notPlain = regexp.MustCompile("[^a-z0-9]+")

// row runs all commands on one kind.
func (k *kindsTest) row(t *testing.T, kind kind, result *table) {
	spec := images.Spec{Variant: kind.variant, Foreign: "http://" + k.static.Addr()}
	slug := strings.Trim(notPlain.ReplaceAllString(strings.ToLower(kind.name), "-"), "-")
	name := "kinds/" + slug
	c := kindCase{kind: kind, home: k.home, repository: name, dir: filepath.Join(k.home.dir, "out", slug)}
	err := os.MkdirAll(c.dir, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if kind.static {
		c.server = k.static.Addr()
		c.image, err = shared.images.Write(spec, k.files, name+":1")
	} else {
		c.server = k.registry.Addr()
		c.image, err = shared.images.Push(spec, k.registry, name+":1")
	}
	if err == nil {
		err = c.image.WriteForeign(k.files)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, column := range kindColumns {
		text := "PASS"
		want, refused := kind.refused[column]
		if refused {
			text, err = "refused", c.checkRefused(column, want)
		} else {
			err = c.check(column)
		}
		if err != nil {
			text = "FAIL"
			t.Errorf("%s: %v", column, err)
		}
		result.note(kind.name, column, text)
	}
}

// kindCase is an image of a kind on a server.
type kindCase struct {
	kind
	home               *workplace
	image              *images.Image
	server, repository string
	dir                string // for output
}

// args returns arguments: the flags and the image's reference.
func (c *kindCase) args(flags ...string) []string {
	return append(flags, "--registry", "http://"+c.server+"/v2/", c.repository, "1")
}

// layerFlags returns the arguments of a command that fetches layers.
func (c *kindCase) layerFlags(flags ...string) []string {
	if c.foreign {
		flags = append(flags, "--foreign")
	}
	return c.args(flags...)
}

// commandLine returns the command of a column. Commands for layers get the first one.
func (c *kindCase) commandLine(column string) (program string, args []string) {
	out := filepath.Join(c.dir, column)
	switch column {
	case "layer":
		return "hocker-layer", c.layerFlags("--layer=0")
	case "decompress":
		return "hocker-layer", c.layerFlags("--layer=0", "--decompress")
	case "image":
		return "hocker-image", c.layerFlags("--out", out, "--quiet")
	case "compressed":
		return "hocker-image", c.layerFlags("--out", out, "--quiet", "--compressed")
	case "oci-layout":
		return "hocker-image", c.layerFlags("--out", out, "--quiet", "--format=oci-layout")
	case "docker2nix":
		return "docker2nix", c.args("--fetch", "--pin")
	case "lock":
		return "hocker", []string{"lock", "add", "--file", out, "--name", "image", "--registry", "http://" + c.server + "/v2/", c.repository + ":1"}
	case "inspect":
		return "hocker", c.args("inspect", "--json")
	case "diff":
		name := c.repository + ":1"
		return "hocker", []string{"diff", "--json", "--registry", "http://" + c.server + "/v2/", name, name}
	}
	return "hocker-" + column, c.args()
}

// checkRefused checks that the command fails with a short error and writes nothing.
func (c *kindCase) checkRefused(column string, want refusal) error {
	program, args := c.commandLine(column)
	o, err := c.home.run(program, args...)
	if err != nil {
		return err
	}
	matched, err := regexp.Match(want.message, o.stderr)
	if err != nil {
		return err
	}
	if o.code != want.code || !matched || len(o.stdout) > 0 {
		return fmt.Errorf("exit code %d, want %d and %q; %d bytes on stdout\n%s", o.code, want.code, want.message, len(o.stdout), o.stderr)
	}
	if lines := strings.Count(string(o.stderr), "\n"); lines > 3 {
		return fmt.Errorf("the error has %d lines, want at most 3\n%s", lines, o.stderr)
	}
	entries, err := os.ReadDir(c.dir)
	if err == nil && len(entries) > 0 {
		var names []string
		for _, entry := range entries {
			names = append(names, entry.Name())
		}
		err = fmt.Errorf("left behind: %q", names)
	}
	return err
}

// check runs the command of a column and checks its whole output.
func (c *kindCase) check(column string) error {
	program, args := c.commandLine(column)
	switch column {
	case "manifest":
		return c.checkOutput(c.image.Manifest, program, args...)
	case "config":
		return c.checkOutput(c.image.Config, program, args...)
	case "layer":
		return c.checkLayers(c.image.Layers)
	case "decompress":
		return c.checkLayers(c.image.DiffIDs, "--decompress")
	}
	output, err := c.home.output(program, args...)
	if err != nil {
		return err
	}
	switch column {
	case "docker2nix":
		return c.checkExpression(output)
	case "lock":
		return c.checkLock(filepath.Join(c.dir, column))
	case "inspect":
		return c.checkInspected(output)
	case "diff":
		return c.checkNoDifference(output)
	}
	return c.checkArchive(column)
}

// checkOutput runs a command and checks the digest of its output, and that it prints
// no other message than the expected warning.
func (c *kindCase) checkOutput(want digest.Digest, program string, args ...string) error {
	o, err := c.home.run(program, args...)
	if err != nil {
		return err
	}
	said := len(o.stderr) > 0
	if c.warned && said {
		said = !warning.Match(o.stderr)
	}
	if got := want.Algorithm().FromBytes(o.stdout); o.code != 0 || got != want || said {
		return fmt.Errorf("%s: exit code %d, %d bytes of digest %s, want %s\n%s", o.command, o.code, len(o.stdout), got, want, o.stderr)
	}
	return nil
}

// warning matches the warning about an image for another platform.
var warning = regexp.MustCompile(`^warning: \S+: the image is for another platform: its config says linux/\w+, not linux/\w+, as the index says\n$`)

// checkLayers fetches each layer, by its number from the bottom, from the top, or by
// its digest.
func (c *kindCase) checkLayers(want []digest.Digest, flags ...string) error {
	for i, d := range want {
		forms := []string{strconv.Itoa(i), strconv.Itoa(i - len(want)), c.image.Layers[i].String()}
		args := c.layerFlags(append(flags, "--layer="+forms[i%len(forms)])...)
		if err := c.checkOutput(d, "hocker-layer", args...); err != nil {
			return err
		}
	}
	return nil
}

// checkArchive checks the archive or layout that hocker-image wrote.
func (c *kindCase) checkArchive(column string) error {
	a, err := readArchive(filepath.Join(c.dir, column))
	if err != nil {
		return err
	}
	defer os.RemoveAll(filepath.Join(c.dir, column))
	layers := c.image.DiffIDs
	if column == "compressed" {
		layers = c.image.Layers
	}
	manifest, err := a.checkLayout(c.image.Config, layers)
	if err != nil {
		return err
	}
	if column == "compressed" && manifest.Algorithm() == c.image.Manifest.Algorithm() && manifest != c.image.Manifest {
		return fmt.Errorf("the manifest is %s, want that of the registry, %s", manifest, c.image.Manifest)
	}
	if column == "oci-layout" {
		return nil
	}
	return a.checkDocker(c.server+"/"+c.repository+":1", c.image.Config, layers)
}

// checkInspected checks the digests in the output of hocker inspect.
func (c *kindCase) checkInspected(output []byte) error {
	var images []struct {
		Manifest, Config digest.Digest
		Layers           []struct{ Digest, DiffID digest.Digest }
	}
	if err := json.Unmarshal(output, &images); err != nil {
		return err
	}
	if len(images) != 1 || images[0].Config != c.image.Config || len(images[0].Layers) != len(c.image.Layers) {
		return fmt.Errorf("got %+v", images)
	}
	manifest := images[0].Manifest
	if manifest.Algorithm() == c.image.Manifest.Algorithm() && manifest != c.image.Manifest {
		return fmt.Errorf("the manifest is %s, want %s", manifest, c.image.Manifest)
	}
	for i, layer := range images[0].Layers {
		if layer.Digest != c.image.Layers[i] || layer.DiffID != c.image.DiffIDs[i] {
			return fmt.Errorf("layer %d is %+v", i, layer)
		}
	}
	return nil
}

// checkNoDifference checks the output of hocker diff for an image and itself.
func (c *kindCase) checkNoDifference(output []byte) error {
	var d struct {
		Same    bool
		Bytes   int64
		Layers  []struct{ State string }
		Changes []any
	}
	if err := json.Unmarshal(output, &d); err != nil {
		return err
	}
	if !d.Same || d.Bytes != 0 || len(d.Changes) != 0 || len(d.Layers) != len(c.image.Layers) {
		return fmt.Errorf("got %+v", d)
	}
	return nil
}

// evaluated is the result of evaluating an expression.
type evaluated struct {
	Config, Manifest digest.Digest
	Layers           []digest.Digest
}

// checkExpression evaluates an expression with Nix and checks its digests.
func (c *kindCase) checkExpression(expression []byte) error {
	file := filepath.Join(c.dir, "image.nix")
	if err := os.WriteFile(file, expression, 0o644); err != nil {
		return err
	}
	defer os.Remove(file)
	return c.evaluate(fmt.Sprintf("import %s { inherit (functions) fetchDockerConfig fetchDockerLayer fetchDockerManifest fetchdocker; }", file))
}

// checkLock evaluates a lock file with Nix and checks its digests.
func (c *kindCase) checkLock(file string) error {
	defer os.Remove(file)
	return c.evaluate(fmt.Sprintf("(functions.fetchdockerLock %s).image", file))
}

// evaluate evaluates image, an expression that may use the functions, and checks its
// digests.
func (c *kindCase) evaluate(image string) error {
	call := fmt.Sprintf(`let
	  functions = import %s/nix/fetchdocker.nix { hocker = %s; system = builtins.currentSystem; };
	  image = %s;
	in {
	  config = image.config.digest; layers = map (layer: layer.digest) image.layers; manifest = image.imageDigest;
	  inherit (image) drvPath;
	}`, shared.root, shared.hocker, image)
	output, err := c.home.output("nix-instantiate", "--eval", "--strict", "--json", "--expr", call)
	if err != nil {
		return err
	}
	var got evaluated
	if err := json.Unmarshal(output, &got); err != nil {
		return err
	}
	if got.Config != c.image.Config || got.Manifest != c.image.Manifest || !slices.Equal(got.Layers, c.image.Layers) {
		return fmt.Errorf("got %+v from %s", got, image)
	}
	return nil
}
