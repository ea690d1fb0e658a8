// Package test runs the end-to-end tests: scripts under testdata/script that
// call the real static binary against real servers. See commands_test.go for
// the commands of scripts beyond testscript's own.
package test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"hocker/test/images"
	"hocker/test/servers"
)

// links are the names beside "hocker" under which the binary is installed.
var links = []string{"hocker-manifest", "hocker-config", "hocker-layer", "hocker-image", "docker2nix"}

// version is the version of the binary under test.
const version = "1.2.3-test"

// shared is the state that all scripts of a run share.
var shared struct {
	root      string // the repository
	hocker    string // a directory with bin/hocker in it
	goEnv     map[string]string
	images    *images.Set
	authority func() (*servers.Authority, error)
	docker    lazyDocker
}

// lazyDocker is a dockerd that starts on first use.
type lazyDocker struct {
	mu     sync.Mutex
	daemon *servers.Docker
}

func (l *lazyDocker) get() (*servers.Docker, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.daemon != nil {
		return l.daemon, nil
	}
	var err error
	l.daemon, err = servers.StartDocker(servers.DockerOptions{})
	return l.daemon, err
}

func (l *lazyDocker) stop() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.daemon == nil {
		return nil
	}
	return l.daemon.Stop()
}

func TestMain(m *testing.M) {
	testscript.Main(run{m}, map[string]func(){"peak": peak})
}

// run runs the tests between setup and cleanup.
type run struct{ *testing.M }

func (r run) Run() int {
	dir, err := prepare()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := r.M.Run()
	err = shared.docker.stop()
	if keep := flag.Lookup("testwork"); keep.Value.String() != "true" {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// prepare builds the binary and returns the directory of the run's files.
func prepare() (string, error) {
	dir, err := os.MkdirTemp("", "hocker-test-")
	if err != nil {
		return "", err
	}
	// Nix's build users need access.
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", err
	}
	// testscript creates the scripts' work directories here.
	if err := os.Setenv("GOTMPDIR", dir); err != nil {
		return "", err
	}
	if shared.root, err = filepath.Abs(".."); err != nil {
		return "", err
	}
	shared.hocker = filepath.Join(dir, "hocker")
	shared.images = images.NewSet(filepath.Join(dir, "images"))
	shared.authority = sync.OnceValues(servers.NewAuthority)
	if err := buildBinary(filepath.Join(shared.hocker, "bin")); err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	// For scripts that run Go. Their home is empty; this gives them the downloaded
	// modules.
	settings, err := exec.Command("go", "env", "-json", "GOMODCACHE", "GOCACHE", "GOPROXY").Output()
	if err == nil {
		err = json.Unmarshal(settings, &shared.goEnv)
	}
	if err != nil {
		return "", errors.Join(fmt.Errorf("go env: %w", err), os.RemoveAll(dir))
	}
	return dir, nil
}

// buildBinary builds hocker as it is released, with its links.
func buildBinary(dir string) error {
	binary := filepath.Join(dir, "hocker")
	gcflags, err := os.ReadFile(filepath.Join(shared.root, "nix/gcflags"))
	if err != nil {
		return err
	}
	args := append([]string{"build", "-buildvcs=false", "-trimpath"}, strings.Fields(string(gcflags))...)
	build := exec.Command("go", append(args, "-ldflags=-s -w -funcalign=16 -X main.version="+version, "-o", binary, "./cmd/hocker")...)
	build.Dir = shared.root
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build ./cmd/hocker: %w\n%s", err, output)
	}
	for _, link := range links {
		if err := os.Symlink("hocker", filepath.Join(dir, link)); err != nil {
			return err
		}
	}
	return nil
}

// TestScripts runs the scripts with this machine's Nix. TestNixVersions runs some of
// them with other versions.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	nix, _ := servers.FindNix(servers.System) // scripts that need Nix check for it
	testscript.Run(t, scriptParams(nix, files))
}

// scriptParams returns the parameters to run scripts with a Nix.
func scriptParams(nix servers.Nix, files []string) testscript.Params {
	return testscript.Params{
		Files:              files,
		Setup:              func(env *testscript.Env) error { return setup(env, nix) },
		Cmds:               commands,
		Condition:          nixCondition(nix),
		RequireUniqueNames: true,
	}
}

// setup gives a script its own home and none of the user's settings: no proxies, no
// credentials, no daemon. testscript starts with an empty environment, and setup adds
// what scripts need.
func setup(env *testscript.Env, nix servers.Nix) error {
	for name, value := range environ(env.WorkDir, nix.Path(env.Getenv("PATH"))) {
		env.Setenv(name, value)
	}
	// Nix's build users need access, which testscript's directory does not give.
	if err := os.Chmod(filepath.Dir(env.WorkDir), 0o755); err != nil {
		return err
	}
	if err := prepareHome(env.WorkDir); err != nil {
		return err
	}
	s := &script{t: env.T(), nix: nix, servers: map[string]server{}}
	env.Values[scriptKey{}] = s
	env.Defer(s.end)
	// testscript names the directory of a script after the script.
	env.Defer(func() { s.noteNix(strings.TrimPrefix(filepath.Base(env.WorkDir), "script-")) })
	return nil
}

// environ returns the environment of a program in a directory: a PATH with the binary
// under test, its own home, and the location of Go's modules.
func environ(work, path string) map[string]string {
	env := map[string]string{
		"PATH":                    filepath.Join(shared.hocker, "bin") + ":" + path + ":/usr/sbin:/sbin",
		"HOME":                    filepath.Join(work, "home"),
		"XDG_RUNTIME_DIR":         filepath.Join(work, "run"),
		"CONTAINERS_STORAGE_CONF": filepath.Join(work, "home/.config/containers/storage.conf"),
		"HOCKER":                  shared.hocker,
		"REPO":                    shared.root,
		"LC_ALL":                  "C",
	}
	maps.Copy(env, shared.goEnv)
	return env
}

// prepareHome creates the directories that environ names.
func prepareHome(work string) error {
	if err := os.MkdirAll(filepath.Join(work, "run"), 0o700); err != nil {
		return err
	}
	return writeContainersConfig(work)
}

// writeContainersConfig keeps skopeo, podman and buildah inside the work
// directory, away from the machine's images and policy.
func writeContainersConfig(work string) error {
	dir := filepath.Join(work, "home/.config/containers")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	policy := `{"default":[{"type":"insecureAcceptAnything"}]}`
	if err := os.WriteFile(filepath.Join(dir, "policy.json"), []byte(policy), 0o644); err != nil {
		return err
	}
	storage := fmt.Sprintf("[storage]\ndriver = \"vfs\"\ngraphroot = %q\nrunroot = %q\n",
		filepath.Join(work, "containers/graph"), filepath.Join(work, "containers/run"))
	return os.WriteFile(filepath.Join(dir, "storage.conf"), []byte(storage), 0o644)
}
