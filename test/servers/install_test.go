package servers

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// installer is a copy of test/install.sh with its own list of packages, on a machine
// with root, build users and an apt-get without archives.
type installer struct {
	t   *testing.T
	dir string
}

func newInstaller(t *testing.T, parts string) installer {
	Require(t, "apt-get")
	i := installer{t, t.TempDir()}
	script, err := os.ReadFile("../install.sh")
	if err != nil {
		t.Fatal(err)
	}
	i.write("test/install.sh", string(script))
	i.write("test/servers/parts.txt", "# comment\n"+parts)
	i.write("bin/id", "#!/bin/sh\necho 0\n")
	i.write("bin/getent", "#!/bin/sh\necho nixbld:x:1:nixbld1\n")
	i.write("bin/apt-cache", "#!/bin/sh\ntest \"$2\" = here\n")
	i.write("bin/apt-get", `#!/bin/sh
case "$*" in
*install*)
	for package; do :; done
	echo "$package" >>"$DIR/installed"
	printf '#!/bin/sh\n' >"$DIR/bin/hocker-part"
	chmod +x "$DIR/bin/hocker-part"
	;;
*)
	PATH=${PATH#*:} exec apt-get "$@" -o Dir::State="$DIR/state" -o Dir::Cache="$DIR/cache" \
		-o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts=/dev/null
	;;
esac
`)
	for _, folder := range []string{"state/lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(i.dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return i
}

func (i installer) write(name, content string) {
	i.t.Helper()
	path := filepath.Join(i.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		i.t.Fatal(err)
	}
	if err := WriteProgram(path, []byte(content)); err != nil {
		i.t.Fatal(err)
	}
}

func (i installer) command(group string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(i.dir, "test/install.sh"), group)
	cmd.Env = []string{"PATH=" + filepath.Join(i.dir, "bin") + ":" + os.Getenv("PATH"), "DIR=" + i.dir}
	return cmd
}

// installed returns the packages that were installed.
func (i installer) installed() string {
	content, _ := os.ReadFile(filepath.Join(i.dir, "installed"))
	return strings.TrimSpace(string(content))
}

func TestInstall(t *testing.T) {
	const parts = "gone|here|other test,bench hocker-part sh\n"
	for _, test := range []struct {
		name, parts, group string
		output, installed  string
	}{
		{name: "the name of this suite", parts: parts, group: "bench", output: "installing here\n", installed: "here"},
		{name: "no name of this suite", parts: "gone|other test hocker-part\n", group: "test", output: "installing other\n", installed: "other"},
		{name: "another group", parts: parts, group: "demo"},
		{name: "nothing missing", parts: "here test sh /etc/passwd\n", group: "test"},
	} {
		t.Run(test.name, func(t *testing.T) {
			i := newInstaller(t, test.parts)
			output, err := i.command(test.group).CombinedOutput()
			if err != nil || string(output) != test.output || i.installed() != test.installed {
				t.Errorf("%v\n%s\ninstalled %q, want %q", err, output, i.installed(), test.installed)
			}
		})
	}
}

func TestInstallNotUsable(t *testing.T) {
	i := newInstaller(t, "here test hocker-part /nonexistent/header.h\n")
	output, err := i.command("test").CombinedOutput()
	if want := "installed, but commands of these packages are still missing or unusable: here"; err == nil || !strings.Contains(string(output), want) {
		t.Errorf("%v, want an error with %q\n%s", err, want, output)
	}
}

// TestInstallWaits holds the lock of apt's lists, for which apt-get itself does
// not wait.
func TestInstallWaits(t *testing.T) {
	i := newInstaller(t, "here test hocker-part\n")
	lock, err := os.Create(filepath.Join(i.dir, "state/lists/lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.FcntlFlock(lock.Fd(), syscall.F_SETLK, &syscall.Flock_t{Type: syscall.F_WRLCK}); err != nil {
		t.Fatal(err)
	}
	cmd := i.command("test")
	var errors bytes.Buffer
	cmd.Stderr = &errors
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	told := make([]byte, 100)
	n, _ := output.Read(told)
	if got := string(told[:n]); got != "waiting for another program that uses apt\n" {
		t.Errorf("it says %q", got)
	}
	if i.installed() != "" {
		t.Errorf("%s is installed too early", i.installed())
	}
	unlocked := time.Now()
	lock.Close()
	n, _ = output.Read(told)
	if err := cmd.Wait(); err != nil || string(told[:n]) != "installing here\n" || i.installed() != "here" {
		t.Errorf("%v, %s after the lock was free: %q, %s", err, time.Since(unlocked), told[:n], errors.Bytes())
	}
}

// TestInstallNoUpdate checks that the script waits only for locks.
func TestInstallNoUpdate(t *testing.T) {
	i := newInstaller(t, "here test hocker-part\n")
	i.write("bin/apt-get", "#!/bin/sh\necho 'E: no such archive' >&2\nexit 100\n")
	output, err := i.command("test").CombinedOutput()
	if err == nil || string(output) != "E: no such archive\n" {
		t.Errorf("%v: %s", err, output)
	}
}

// TestNotRoot checks that users other than root are told which command to run.
func TestNotRoot(t *testing.T) {
	i := newInstaller(t, "gone|here test hocker-part\n")
	i.write("bin/id", "#!/bin/sh\necho 1000\n")
	for _, test := range []struct{ script, env, output string }{
		{"install.sh", "", "not root, and missing: gone or here\nhint: run it as root: sudo DIR/test/install.sh test\n"},
		{"demo.sh", "", "not root, as Nix's sandbox and the demo's Docker daemon need: sudo make demo\n"},
		{"bare.sh", "CI=true", "not root: only root can make a bare root of Debian\n"},
	} {
		content, err := os.ReadFile(filepath.Join("..", test.script))
		if err != nil {
			t.Fatal(err)
		}
		i.write("test/"+test.script, string(content))
		cmd := i.command("test")
		cmd.Path = filepath.Join(i.dir, "test", test.script)
		cmd.Env = append(cmd.Env, test.env)
		output, err := cmd.CombinedOutput()
		want := "DIR/test/" + test.script + ": " + test.output
		if got := strings.ReplaceAll(string(output), i.dir, "DIR"); err == nil || got != want {
			t.Errorf("%v\n got %s\nwant %s", err, got, want)
		}
	}
	// Without CI=true, it is not an error.
	cmd := i.command("")
	cmd.Path = filepath.Join(i.dir, "test/bare.sh")
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, output)
	}
}
