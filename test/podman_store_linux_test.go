package test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"hocker/test/images"
	"hocker/test/servers"
)

// storeSuites are the suites of Debian whose podman runs images from a store.
var storeSuites = []string{"trixie", "sid"}

// storeVariants are images of the store that podman also pulls.
var storeVariants = []string{"docker", "oci-index", "oci-zstd", "oci-tar", "mixed", "empty", "repeated", "none", "umoci", "awkward", "deep"}

// walkedVariants are images of the store whose files are compared.
var walkedVariants = []string{"awkward", "deep", "debian", "alpine", "busybox"}

// storeRows are what is done with each podman, in this order.
var storeRows = []struct {
	name string
	try  func(*storeCase) error
}{
	{"images are as after podman pull", (*storeCase).pulled},
	{"run by name, digest and ID", (*storeCase).runs},
	{"files are as after podman load", (*storeCase).walked},
	{"run in a user namespace", (*storeCase).mapped},
	{"run in one that podman chooses", (*storeCase).mappedByPodman},
	{"commit", (*storeCase).commits},
	{"build FROM", (*storeCase).builds},
	{"pull on top", (*storeCase).pullsOnTop},
	{"pull the same layers in another order", (*storeCase).pullsReversed},
	{"beside layers of its own", (*storeCase).besideOwn},
	{"two stores", (*storeCase).twoStores},
	{"what it refuses", (*storeCase).refuses},
}

// TestPodmanStore runs images from a store with every podman that can. With -v it shows
// the table.
func TestPodmanStore(t *testing.T) {
	t.Parallel()
	servers.Require(t, "root", "docker-registry", "skopeo", "umoci", "busybox", "runc", "unshare", "mount")
	made := makeStores(t)
	var rows []string
	for _, row := range storeRows {
		rows = append(rows, row.name)
	}
	var columns []string
	cases := make([]*storeCase, len(storeSuites))
	for i, suite := range storeSuites {
		programs, err := servers.FindPrograms(suite, "podman")
		version := suite
		if err == nil {
			version, err = programs.Version("podman")
		}
		cases[i] = &storeCase{madeStores: made, programs: programs, missing: err, column: "podman " + version}
		columns = append(columns, cases[i].column)
	}
	result := newTable("podman with a store", rows, columns)
	t.Run("all", func(t *testing.T) { // returns when its parallel tests have ended
		for i, c := range cases {
			t.Run(c.column, func(t *testing.T) {
				t.Parallel()
				c.run(t, fmt.Sprintf("st%d", i), result)
			})
		}
	})
	t.Logf("\n%s", result)
}

// madeStores are the images, and a store of them.
type madeStores struct {
	registry *servers.Registry
	images   map[string]*images.Image // by variant
	store    string                   // with all of them
	small    string                   // with one of them
	archives map[string]string        // for podman load

	dir    string
	mkfs   string
	layers map[string]string // the folders of layers by digest
	builds int
}

func makeStores(t *testing.T) *madeStores {
	t.Helper()
	mkfs, err := servers.FindErofsUtils("trixie")
	if err != nil {
		servers.Lacks(t, err)
	}
	s := &madeStores{images: map[string]*images.Image{}, layers: map[string]string{}, archives: map[string]string{}, dir: t.TempDir()}
	if s.mkfs, err = mkfs.LookPath("mkfs.erofs"); err != nil {
		t.Fatal(err)
	}
	if s.registry, err = servers.StartRegistry(servers.RegistryOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopServer(t, s.registry) })
	var folders []string
	for _, variant := range union(storeVariants, walkedVariants) {
		image, err := shared.images.Push(images.Spec{Variant: variant, Greeting: variant}, s.registry, "demo/"+variant+":1")
		if err != nil {
			t.Fatal(err)
		}
		s.images[variant] = image
		folders = append(folders, s.erofs(t, variant, s.name(variant)))
	}
	if _, err := shared.images.Push(images.Spec{Variant: "docker", Greeting: "other"}, s.registry, "demo/other:1"); err != nil {
		t.Fatal(err)
	}
	s.store = s.build(t, "podman-store", map[string]any{"images": folders})
	s.small = s.build(t, "podman-store", map[string]any{"images": []string{s.erofs(t, "docker", "localhost/small:2")}})
	for _, variant := range walkedVariants {
		s.archives[variant] = filepath.Join(s.dir, variant+".tar")
		if err := s.images[variant].Save(s.archives[variant], s.name(variant)); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// union joins lists without what comes again.
func union(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all)
}

// name returns the reference of an image in the registry.
func (s *madeStores) name(variant string) string {
	return s.registry.Addr() + "/demo/" + variant + ":1"
}

// erofs makes the folder of an image whose layers are EROFS files.
func (s *madeStores) erofs(t *testing.T, variant, name string) string {
	t.Helper()
	image := s.images[variant]
	folders := []string{}
	for _, layer := range image.Layers {
		if s.layers[layer.String()] == "" {
			attributes := map[string]any{"layer": image.Blob(layer)}
			if layer.Encoded() < "8" { // about half of them
				attributes["mkfs"], attributes["compression"] = s.mkfs, "lz4hc"
			}
			s.layers[layer.String()] = s.build(t, "erofs-layer", attributes)
		}
		folders = append(folders, s.layers[layer.String()])
	}
	manifest := filepath.Join(s.dir, image.Manifest.Encoded())
	runHocker(t, nil, "manifest", "--out", manifest, s.name(variant)+"@"+image.Manifest.String())
	spec := map[string]any{
		"reference": name,
		"config":    map[string]any{"path": image.Blob(image.Config)},
		"manifest":  map[string]any{"path": manifest},
	}
	return s.build(t, "erofs", map[string]any{"spec": spec, "erofsLayers": folders})
}

// build runs hocker build and returns its output.
func (s *madeStores) build(t *testing.T, kind string, attributes map[string]any) string {
	t.Helper()
	s.builds++
	out := filepath.Join(s.dir, fmt.Sprintf("%s%d", kind, s.builds))
	environ := []string{"out=" + out}
	for name, value := range attributes {
		text, ok := value.(string)
		if !ok {
			data, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			text = string(data)
		}
		environ = append(environ, name+"="+text)
	}
	runHocker(t, environ, "build", kind)
	readOnly(t, out)
	return out
}

func runHocker(t *testing.T, environ []string, args ...string) {
	t.Helper()
	hocker := exec.Command(filepath.Join(shared.hocker, "bin/hocker"), args...)
	hocker.Env = append(environ, "PATH="+os.Getenv("PATH"))
	if output, err := hocker.CombinedOutput(); err != nil {
		t.Fatalf("hocker %s: %v: %s", args[0], err, output)
	}
}

// readOnly gives files the modes that they have in the Nix store.
func readOnly(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || entry.Type() == fs.ModeSymlink:
			return err
		case entry.IsDir():
			return os.Chmod(path, 0o555)
		}
		return os.Chmod(path, 0o444)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// storeCase is a column of the table.
type storeCase struct {
	*madeStores
	programs servers.Programs
	missing  error // why it cannot run
	column   string

	t    *testing.T
	home *workplace
	own  int // counts podman's own stores
}

// run runs the rows.
func (c *storeCase) run(t *testing.T, dir string, result *table) {
	if c.missing != nil {
		servers.Lacks(t, c.missing)
	}
	c.t, c.home = t, newWorkplace(t, dir)
	startPodman(t, c.programs, c.home)
	for _, row := range storeRows {
		if err := c.fresh(c.store); err != nil {
			t.Fatal(err)
		}
		err := row.try(c)
		if err != nil {
			result.note(row.name, c.column, "FAIL")
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		result.note(row.name, c.column, "PASS")
	}
}

// fresh gives podman a new store of its own, and additional ones. What the one before was is
// left until the end: podman cleans up after containers when podman run has ended.
func (c *storeCase) fresh(stores ...string) error {
	c.own++
	return c.configure(stores...)
}

// configure names the additional stores.
func (c *storeCase) configure(stores ...string) error {
	text := fmt.Sprintf("[storage]\ndriver = \"overlay\"\ngraphroot = %q\nrunroot = %q\n",
		c.folder("graph"), c.folder("run"))
	if len(stores) > 0 {
		quoted, err := json.Marshal(stores)
		if err != nil {
			return err
		}
		text += fmt.Sprintf("[storage.options]\nadditionalimagestores = %s\nroot-auto-userns-user = \"root\"\n[storage.options.overlay]\nmountopt = \"metacopy=on\"\n", quoted)
	}
	return os.WriteFile(filepath.Join(c.home.dir, "home/.config/containers/storage.conf"), []byte(text), 0o644)
}

// folder returns a folder of podman's own store.
func (c *storeCase) folder(name string) string {
	return filepath.Join(c.home.dir, fmt.Sprintf("c%d", c.own), name)
}

func (c *storeCase) podman(args ...string) (string, error) {
	output, err := c.home.output("podman", args...)
	return strings.TrimSpace(string(output)), err
}

// says runs a command in a container of an image and returns what it prints.
func (c *storeCase) says(flags []string, image string, command ...string) (string, error) {
	run := podmanRun(image)
	at := len(run) - 1
	run = slices.Concat(run[:at], []string{"--pull=never"}, flags, run[at:], command)
	return c.podman(run...)
}

// expect compares what a container says.
func expect(want string) func(got string, err error) error {
	return func(got string, err error) error {
		if err == nil && got != want {
			err = fmt.Errorf("got %q, want %q", got, want)
		}
		return err
	}
}

// pulled compares what podman knows of the images with what it knows after pulling them. The
// store does not have the index of which podman pulls an image.
func (c *storeCase) pulled() error {
	mine := map[string]any{}
	for _, variant := range storeVariants {
		known, err := c.inspect(c.name(variant))
		if err != nil {
			return err
		}
		mine[variant] = known
	}
	if err := c.fresh(); err != nil {
		return err
	}
	for _, variant := range storeVariants {
		if _, err := c.podman("pull", "--quiet", "--tls-verify=false", c.name(variant)); err != nil {
			return err
		}
		known, err := c.inspect(c.name(variant))
		if err != nil {
			return err
		}
		if image := c.images[variant]; image.Digest != image.Manifest {
			without := func(d any) bool { return strings.HasSuffix(d.(string), image.Digest.String()) }
			known["RepoDigests"] = slices.DeleteFunc(known["RepoDigests"].([]any), without)
			info, err := os.Stat(image.Blob(image.Digest))
			if err != nil {
				return err
			}
			for _, key := range []string{"Size", "VirtualSize"} {
				known[key] = known[key].(float64) - float64(info.Size())
			}
		}
		if !reflect.DeepEqual(known, mine[variant]) {
			return fmt.Errorf("%s: podman pull gives\n%v\nthe store\n%v", variant, known, mine[variant])
		}
	}
	return nil
}

// inspect returns what podman knows of an image, but not where it keeps it.
func (c *storeCase) inspect(name string) (map[string]any, error) {
	text, err := c.podman("image", "inspect", name)
	if err != nil {
		return nil, err
	}
	var known []map[string]any
	if err := json.Unmarshal([]byte(text), &known); err != nil {
		return nil, err
	}
	maps.DeleteFunc(known[0], func(key string, _ any) bool { return key == "GraphDriver" })
	return known[0], nil
}

// runs runs an image by all that names it.
func (c *storeCase) runs() error {
	image := c.images["docker"]
	name := c.name("docker")
	repository := strings.TrimSuffix(name, ":1")
	for _, by := range []string{name, repository + "@" + image.Manifest.String(), name + "@" + image.Manifest.String(), image.Config.Encoded(), image.Config.Encoded()[:12]} {
		if err := expect("docker")(c.says(nil, by)); err != nil {
			return fmt.Errorf("%s: %w", by, err)
		}
	}
	return nil
}

// walked compares the files of containers with those after podman load.
func (c *storeCase) walked() error {
	mine := map[string]map[string]*treeFile{}
	for _, variant := range walkedVariants {
		tree, err := c.walk(c.name(variant))
		if err != nil {
			return err
		}
		mine[variant] = tree
	}
	if err := c.fresh(); err != nil {
		return err
	}
	for _, variant := range walkedVariants {
		if _, err := c.podman("load", "--quiet", "--input", c.archives[variant]); err != nil {
			return err
		}
		loaded, err := c.walk(c.name(variant))
		if err != nil {
			return err
		}
		if err := sameTrees(mine[variant], loaded); err != nil {
			return fmt.Errorf("%s: %w", variant, err)
		}
	}
	return nil
}

// sameTrees compares the files of a container with those after podman load.
func sameTrees(mine, loaded map[string]*treeFile) error {
	mine["."].mtime, loaded["."].mtime = 0, 0
	// podman has unpacked attributes of overlayfs, which then does not open the file.
	delete(mine, "skipped-attributes")
	delete(loaded, "skipped-attributes")
	// If podman makes a folder that a layer only implies, it is of that moment.
	for name, f := range mine {
		if other := loaded[name]; other != nil && f.mode&unix.S_IFMT == unix.S_IFDIR && f.mtime == 0 {
			other.mtime = 0
		}
	}
	var differences []string
	from, to := treeLines(mine), treeLines(loaded)
	for _, line := range from {
		if !slices.Contains(to, line) {
			differences = append(differences, "store: "+line)
		}
	}
	for _, line := range to {
		if !slices.Contains(from, line) {
			differences = append(differences, "load:  "+line)
		}
	}
	if len(mine) < len(madeByEngine) || differences != nil {
		return fmt.Errorf("of %d files, these differ:\n%s", len(mine), strings.Join(differences, "\n"))
	}
	return nil
}

// madeByEngine are the files that podman adds to those of an image.
var madeByEngine = []string{"dev", "etc", "etc/hostname", "etc/hosts", "etc/mtab", "etc/resolv.conf", "proc", "run", "run/.containerenv", "sys"}

// walk returns the files of an image, as a container has them.
func (c *storeCase) walk(image string) (map[string]*treeFile, error) {
	run := podmanRun(image)
	i := slices.Index(run, "--rm")
	run = slices.Replace(run, i, i+1, "--detach", "--pull=never", "--name=walked", "--entrypoint=/bin/busybox")
	if _, err := c.podman(append(run, "sleep", "3600")...); err != nil {
		return nil, err
	}
	defer c.podman("rm", "--force", "--time=0", "walked")
	pid, err := c.podman("inspect", "--format", "{{.State.Pid}}", "walked")
	if err != nil {
		return nil, err
	}
	tree, err := readTree("/proc/" + pid + "/root/")
	for _, name := range madeByEngine {
		delete(tree, name)
	}
	return tree, err
}

// mapped runs an image whose root is another user of this machine.
func (c *storeCase) mapped() error {
	mapping := []string{"--uidmap=0:100000:65536", "--gidmap=0:100000:65536"}
	return expect("docker\n         0     100000      65536")(
		c.says(mapping, c.name("docker"), "/bin/sh", "-c", "test -O /hello && cat /hello /proc/self/uid_map"))
}

// mappedByPodman runs images with users of their own. podman chooses as many as the
// owners of the files need, but at least 1024, from those that the machine gives it.
func (c *storeCase) mappedByPodman() error {
	users := filepath.Join(c.home.dir, "subuid")
	if err := os.WriteFile(users, []byte("root:1000000:1000000\n"), 0o644); err != nil {
		return err
	}
	const inside = `mount --bind "$0" /etc/subuid && mount --bind "$0" /etc/subgid && exec podman "$@"`
	for variant, want := range map[string]string{"debian": "1024 0 42", "alpine": "65535 0 42"} {
		run := podmanRun(c.name(variant))
		at := len(run) - 1
		run = slices.Concat([]string{"--mount", "sh", "-c", inside, users}, run[:at], []string{"--pull=never", "--userns=auto"}, run[at:],
			[]string{"/bin/busybox", "sh", "-c", "echo $(busybox cat /proc/self/uid_map) $(busybox stat -c '%u %g' /etc/shadow)"})
		output, err := c.home.output("unshare", run...)
		if err := expect("0 1000000 "+want)(strings.TrimSpace(string(output)), err); err != nil {
			return fmt.Errorf("%s: %w", variant, err)
		}
	}
	return nil
}

// change is what a container does to the awkward image. The folder many has other files.
const change = "cd / && busybox rm -r many over && busybox mkdir many && echo mine >many/mine && echo changed >hard1"

// checkChanged checks an image of the files after change.
func (c *storeCase) checkChanged(image string) error {
	return expect("many\nmine\nls: over: No such file or directory\nchanged\n-rwsr-xr-x")(
		c.says(nil, image, "/bin/sh", "-c", "cd /; echo many; ls many; ls over 2>&1; cat hard1; ls -l suid | busybox cut -c -10"))
}

func (c *storeCase) commits() error {
	run := podmanRun(c.name("awkward"))
	i := slices.Index(run, "--rm")
	run = slices.Replace(run, i, i+1, "--pull=never", "--name=changed")
	if _, err := c.podman(append(run, "/bin/sh", "-c", change)...); err != nil {
		return err
	}
	if _, err := c.podman("commit", "--quiet", "changed", "localhost/changed"); err != nil {
		return err
	}
	return c.checkChanged("localhost/changed")
}

func (c *storeCase) builds() error {
	file := filepath.Join(c.home.dir, "Containerfile")
	text := "FROM " + c.name("awkward") + "\nRUN " + change + "\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return err
	}
	if _, err := c.podman("--runtime=runc", "build", "--quiet", "--pull=never", "--isolation=oci", "--network=none",
		"--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024", "--tag=localhost/built", "--file", file, c.home.dir+"/run"); err != nil {
		return err
	}
	return c.checkChanged("localhost/built")
}

// pullsOnTop pulls an image of which the store has all layers but one.
func (c *storeCase) pullsOnTop() error {
	if _, err := c.podman("pull", "--quiet", "--tls-verify=false", c.name("other")); err != nil {
		return err
	}
	own, err := filepath.Glob(c.folder("graph/overlay/*/diff"))
	if err != nil || len(own) != 1 {
		return fmt.Errorf("podman has pulled %d layers: %w", len(own), err)
	}
	return expect("other")(c.says(nil, c.name("other")))
}

// pullsReversed pulls an image whose layers the store has on top of other ones. podman
// copies them from there.
func (c *storeCase) pullsReversed() error {
	file := filepath.Join(c.home.dir, "reversed.json")
	if err := c.reverse("docker", file); err != nil {
		return err
	}
	if _, err := c.home.output("hocker", "load", "--engine=podman", file); err != nil {
		return err
	}
	return expect("docker\nto be removed by the last layer\nID=hocker-tests")(
		c.says(nil, "docker.io/library/reversed:1", "/bin/cat", "/hello", "/etc/motd", "/etc/os-release"))
}

// besideOwn runs an image of which podman has the lower layers in its own store, too.
func (c *storeCase) besideOwn() error {
	if err := c.fresh(); err != nil {
		return err
	}
	if _, err := c.podman("pull", "--quiet", "--tls-verify=false", c.name("other")); err != nil {
		return err
	}
	if err := c.configure(c.store); err != nil {
		return err
	}
	return expect("docker")(c.says(nil, c.name("docker")))
}

func (c *storeCase) twoStores() error {
	if err := c.configure(c.small, c.store); err != nil {
		return err
	}
	for _, name := range []string{"localhost/small:2", c.name("docker"), c.images["docker"].Config.Encoded()} {
		if err := expect("docker")(c.says(nil, name)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// refuses tries what takes a store that can be written, or layers as archives. The images
// still run after that.
func (c *storeCase) refuses() error {
	name := c.name("docker")
	for _, tt := range []struct {
		message string
		args    []string
	}{
		{"cannot remove read-only image", []string{"image", "rm", name}},
		{"Error: ", []string{"save", "--quiet", "--format=oci-archive", "--output=" + c.home.dir + "/saved.tar", name}},
		{"Error: ", []string{"push", "--quiet", name, "dir:" + c.home.dir + "/pushed"}},
		{"", []string{"image", "mount", name}},
	} {
		o, err := c.home.run("podman", tt.args...)
		if err != nil {
			return err
		}
		if o.code == 0 || !strings.Contains(string(o.stderr), tt.message) {
			return fmt.Errorf("%s: exit code %d\n%s", o.command, o.code, o.stderr)
		}
	}
	return expect("docker")(c.says(nil, name))
}

// reverse writes the image.json of an image with the layers of another one in reverse.
func (c *storeCase) reverse(variant, file string) error {
	image := c.images[variant]
	layers := []map[string]any{}
	diffIDs := slices.Clone(image.DiffIDs)
	slices.Reverse(diffIDs)
	for _, d := range slices.Backward(image.Layers) {
		info, err := os.Stat(image.Blob(d))
		if err != nil {
			return err
		}
		layers = append(layers, map[string]any{
			"path": image.Blob(d), "digest": d, "size": info.Size(), "mediaType": v1.MediaTypeImageLayerGzip,
		})
	}
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH, "os": "linux", "rootfs": map[string]any{"type": "layers", "diff_ids": diffIDs},
	})
	if err != nil {
		return err
	}
	configFile := file + ".config"
	if err := os.WriteFile(configFile, config, 0o644); err != nil {
		return err
	}
	data, err := json.Marshal(map[string]any{
		"reference": "reversed:1",
		"config":    map[string]any{"path": configFile, "digest": digest.FromBytes(config), "size": len(config), "mediaType": v1.MediaTypeImageConfig},
		"layers":    layers,
	})
	if err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o644)
}
