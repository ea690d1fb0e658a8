package test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"hocker/test/servers"
)

// demoTime limits the CPU time of the demo where everything is installed. Elapsed time
// would depend on what else runs on this machine.
const demoTime = 90 * time.Second

// demo is one run of demo.sh, with the binary under test, an empty Nix store, and a
// Docker daemon that the script starts.
type demo struct {
	t      *testing.T
	cmd    *exec.Cmd
	output bytes.Buffer
	mark   string // in the environment of every process that it starts
	tmp    string // holds the demo's work folder
	store  *servers.NixStore
}

// newDemo prepares a run in a copy of the repository, so that what the run leaves
// behind can be told from the work of other processes.
func newDemo(t *testing.T) *demo {
	servers.Require(t, "root", "nix-build", "nixbld", "docker-registry", "skopeo", "umoci", "busybox",
		"dockerd", "docker", "curl")
	dir, err := os.MkdirTemp(os.Getenv("GOTMPDIR"), "demo-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	d := &demo{t: t, mark: "HOCKER_DEMO=" + rand.Text()}
	// The path is short, since those of Docker's sockets begin with it.
	if d.tmp, err = os.MkdirTemp("/tmp", "hd-"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(d.tmp) })
	for _, file := range []string{"README.md", "LICENSE", "nix", "test/demo.sh"} {
		copyTree(t, filepath.Join(shared.root, file), filepath.Join(dir, "repo", file))
	}
	if err := errors.Join(os.Chmod(dir, 0o755), os.Chmod(d.tmp, 0o755), prepareHome(dir),
		os.Symlink(filepath.Join(shared.hocker, "bin"), filepath.Join(dir, "repo/bin"))); err != nil {
		t.Fatal(err)
	}
	if d.store, err = servers.NewNixStore(filepath.Join(dir, "nix")); err != nil {
		t.Fatal(err)
	}
	d.cmd = exec.Command(filepath.Join(dir, "repo/test/demo.sh"))
	d.cmd.Env = []string{d.mark, "TMPDIR=" + d.tmp, "DOCKER_HOST=unix:///nonexistent"}
	for _, more := range []map[string]string{environ(dir, os.Getenv("PATH")), d.store.Environ()} {
		for name, value := range more {
			d.cmd.Env = append(d.cmd.Env, name+"="+value)
		}
	}
	d.cmd.Stdout, d.cmd.Stderr = &d.output, &d.output
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // as an interactive shell does
	return d
}

// copyTree copies a file or a directory.
func copyTree(t *testing.T, from, to string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command("cp", "-R", from, to).CombinedOutput(); err != nil {
		t.Fatalf("cp: %v: %s", err, output)
	}
}

// processes returns the command lines of the demo's running processes, by PID.
func (d *demo) processes() map[int]string {
	found := map[int]string{}
	folders, _ := filepath.Glob("/proc/[0-9]*")
	for _, folder := range folders {
		environment, _ := os.ReadFile(filepath.Join(folder, "environ"))
		pid, err := strconv.Atoi(filepath.Base(folder))
		if err == nil && bytes.Contains(environment, []byte(d.mark)) {
			command, _ := os.ReadFile(filepath.Join(folder, "cmdline"))
			found[pid] = strings.ReplaceAll(string(command), "\x00", " ")
		}
	}
	return found
}

// expectClean fails the test if the demo has left a process, mount, folder or store
// path behind.
func (d *demo) expectClean() {
	d.t.Helper()
	// The daemon's child processes may end a moment after it.
	for deadline := time.Now().Add(patience); len(d.processes()) > 0 && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond)
	}
	for pid, command := range d.processes() {
		d.t.Errorf("still running: %s", command)
		_ = syscall.Kill(pid, syscall.SIGTERM)
	}
	folders, err := os.ReadDir(d.tmp)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, folder := range folders {
		d.t.Errorf("left behind: %s", folder.Name())
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil || bytes.Contains(mounts, []byte(d.tmp)) {
		d.t.Errorf("still mounted, %v:\n%s", err, mounts)
	}
	paths, err := os.ReadDir(d.store.Dir())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		d.t.Fatal(err)
	}
	for _, path := range paths {
		if !strings.HasPrefix(path.Name(), ".") && !strings.HasSuffix(path.Name(), ".lock") {
			d.t.Errorf("left in the store: %s", path.Name())
		}
	}
}

// TestDemo runs what `make demo` runs.
func TestDemo(t *testing.T) {
	t.Parallel()
	d := newDemo(t)
	err := d.cmd.Run()
	if took := d.cmd.ProcessState.UserTime() + d.cmd.ProcessState.SystemTime(); took > demoTime {
		t.Errorf("the demo used %s of CPU time, want at most %s", took, demoTime)
	}
	output := regexp.MustCompile("\x1b\\[[0-9]*m").ReplaceAllString(d.output.String(), "")
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	// The commands, as a user types them, and their output.
	for _, want := range []string{
		`(?m)^\$ hocker-manifest --registry http://127\.0\.0\.1:\d+/v2/ demo/app 1 \| docker2nix .* > app\.nix$`,
		`(?m)^fetchdocker rec \{$`,
		`(?m)^\$ nix-build default\.nix$`,
		`(?m)^hocker: layer sha256:[0-9a-f]{64} of 127\.0\.0\.1:\d+/demo/app: [2-9]\d\.\d MB in `,
		`(?m)^no registry, exit code 6$`,
		`(?m)^\$ \./result/compositeImage\.sh \| docker load$`,
		`(?m)^Loaded image: 127\.0\.0\.1:\d+/demo/app:1$`,
		`(?m)^\$ docker run --rm .*127\.0\.0\.1:\d+/demo/app:1$`,
		`(?m)^hello from the Nix store$`,
		`(?m)^# .* What to try next$`,
	} {
		if !regexp.MustCompile(want).MatchString(output) {
			t.Errorf("no match for %s in the output", want)
		}
	}
	if n := strings.Count(output, "hocker: layer sha256:"); n < 3 {
		t.Errorf("the image has %d layers, want at least 3", n)
	}
	if t.Failed() {
		t.Log(output)
	}
	d.expectClean()
}

// TestDemoInterrupted stops the demo, as Ctrl-C does, when it has the most to clean
// up: a registry, store paths, a Docker daemon, and the stack dump that dockerd
// requests from a slow containerd.
func TestDemoInterrupted(t *testing.T) {
	t.Parallel()
	d := newDemo(t)
	started := &trigger{text: "started a Docker daemon for the demo", do: func() {
		d.dumpStacks()
		_ = syscall.Kill(-d.cmd.Process.Pid, syscall.SIGINT)
	}}
	both := io.MultiWriter(&d.output, started) // with one writer for both, exec.Cmd writes from one goroutine
	d.cmd.Stdout, d.cmd.Stderr = both, both
	err := d.cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 130 {
		t.Errorf("the demo ended with %v, want exit code 130\n%s", err, d.output.Bytes())
	}
	d.expectClean()
}

// dumpStacks makes the demo's containerd write its goroutine stacks, as dockerd does
// when containerd is slow to answer, and waits for the file.
func (d *demo) dumpStacks() {
	asked := false
	for pid, command := range d.processes() {
		if strings.Contains(command, "containerd ") {
			asked = syscall.Kill(pid, syscall.SIGUSR1) == nil
		}
	}
	if !asked {
		return // dockerd uses the machine's containerd
	}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		for _, pattern := range []string{"*.stacks.log", "*/tmp/*.stacks.log"} {
			if found, _ := filepath.Glob(filepath.Join(d.tmp, pattern)); len(found) > 0 {
				return
			}
		}
	}
	d.t.Error("containerd has written no stack dump")
}

// trigger is a writer that calls a function once, when a text was written to it.
type trigger struct {
	text string
	do   func()
	seen []byte
}

func (t *trigger) Write(p []byte) (int, error) {
	t.seen = append(t.seen, p...)
	if t.do != nil && bytes.Contains(t.seen, []byte(t.text)) {
		t.do()
		t.do = nil
	}
	return len(p), nil
}
