package servers

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// project is a small project that is built like hocker, with its Makefile and
// test/prerequisites.sh.
type project struct {
	t   *testing.T
	dir string
	env []string
}

func newProject(t *testing.T, require string) project {
	Require(t, "make", "go")
	p := project{t: t, dir: t.TempDir()}
	for _, name := range []string{"Makefile", "test/prerequisites.sh", "nix/package.nix", "nix/gcflags"} {
		content, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			t.Fatal(err)
		}
		p.write(name, string(content))
	}
	p.write("go.mod", "module hocker\n\ngo 1.26.0\n\n"+require)
	p.write("cmd/hocker/main.go", "package main\n\nfunc main() {}\n")
	if err := os.Mkdir(filepath.Join(p.dir, "bin"), 0o755); err != nil { // as go build does in the real project
		t.Fatal(err)
	}
	// If make runs the tests, it exports its level and flags.
	p.env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "MAKELEVEL=0", "MAKEFLAGS=", "MFLAGS=")
	return p
}

func (p project) write(name, content string) {
	p.t.Helper()
	installer{p.t, p.dir}.write(name, content)
}

// build runs make in the project, with a Go that may be a fake.
func (p project) build(fake string, env ...string) (output string, err error) {
	args := []string{"--silent", "build"}
	if fake != "" {
		p.write("fake/go", "#!/bin/sh\n"+fake)
		args = append(args, "GO="+filepath.Join(p.dir, "fake/go"))
	}
	cmd := exec.Command("make", args...)
	cmd.Dir = p.dir
	cmd.Env = append(p.env, env...)
	out, err := cmd.CombinedOutput()
	return strings.ReplaceAll(string(out), p.dir, "DIR"), err
}

const distrust = "Go does not trust the certificate of the module server: apt-get install ca-certificates" +
	" (behind a proxy with its own authority, add its certificate to them)\n"

// TestPrerequisites checks that the error names a missing tool and how to get it.
func TestPrerequisites(t *testing.T) {
	const howto = ": install it from https://go.dev/dl/\n"
	for _, test := range []struct{ name, fake, output string }{
		{
			name: "an old Go that cannot download another",
			fake: "test \"$1\" = env && echo go1.19.8 || echo go version go1.19.8 linux/amd64\n",
			output: "test/prerequisites.sh: hocker needs Go 1.26.0 or newer, but DIR/fake/go is go1.19.8" +
				howto,
		},
		{
			name: "an old Go whose download fails",
			fake: `test "$GOTOOLCHAIN" = local && echo go version go1.24.4 linux/amd64 && exit
echo 'go: downloading go1.26.0 (linux/amd64)' >&2
echo 'go: download go1.26.0: no route to host' >&2
exit 1
`,
			output: "test/prerequisites.sh: hocker needs Go 1.26.0 or newer, but DIR/fake/go is go1.24.4" +
				" and cannot download a newer one (go: download go1.26.0: no route to host)" + howto,
		},
		{
			name: "an old Go without certificates",
			fake: `test "$GOTOOLCHAIN" = local && echo go version go1.24.4 linux/amd64 && exit
echo 'go: download go1.26.0: x509: certificate signed by unknown authority' >&2
exit 1
`,
			output: "test/prerequisites.sh: " + distrust,
		},
		{
			name: "modules that cannot be downloaded",
			fake: "test \"$1\" = env && echo go1.26.8 && exit\necho 'go: module lookup disabled' >&2\nexit 1\n",
			output: "go: module lookup disabled\n" +
				"test/prerequisites.sh: Go cannot list the packages that hocker needs, see above\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			output, err := newProject(t, "").build(test.fake)
			if sentence, _, _ := strings.Cut(output, "make: ***"); err == nil || sentence != test.output {
				t.Errorf("%v\n got %s\nwant %s", err, output, test.output)
			}
		})
	}
}

func TestPrerequisitesNoGo(t *testing.T) {
	p := newProject(t, "")
	cmd := exec.Command("test/prerequisites.sh", "no-such-go")
	cmd.Dir = p.dir
	output, err := cmd.CombinedOutput()
	want := "test/prerequisites.sh: no no-such-go in PATH or in /usr/local/go/bin: install Go 1.26.0 or newer from https://go.dev/dl/\n"
	if err == nil || string(output) != want {
		t.Errorf("%v\n got %s\nwant %s", err, output, want)
	}
}

// TestPrerequisitesNewer checks that newer and development versions of Go pass.
func TestPrerequisitesNewer(t *testing.T) {
	// An older Go downloads the right one and prints a message.
	for _, version := range []string{"go1.26.0; echo go: downloading go1.26.0 >&2", "go1.26.0", "go1.26.8", "go1.30", "go2.1.0", "devel go1.28-0123456789"} {
		if output, err := newProject(t, "").build("test \"$1\" != env || { echo " + version + "; }\n"); err != nil || output != "" {
			t.Errorf("%s: %v, %s", version, err, output)
		}
	}
}

// TestPrerequisitesAuthority downloads a module from a server with an untrusted
// certificate.
func TestPrerequisitesAuthority(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	p := newProject(t, "require example.com/module v1.0.0\n")
	p.write("cmd/hocker/main.go", "package main\n\nimport _ \"example.com/module\"\n\nfunc main() {}\n")
	output, err := p.build("", "GOPROXY="+server.URL, "GOSUMDB=off", "GOFLAGS=-mod=mod", "GOMODCACHE="+filepath.Join(p.dir, "modules"))
	want := "test/prerequisites.sh: " + distrust
	if sentence, _, _ := strings.Cut(output, "make: ***"); err == nil || sentence != want {
		t.Errorf("%v\n got %s\nwant %s", err, output, want)
	}
}

// TestForeignCheckout builds a checkout of another user, as `sudo make` does. Git
// refuses to read it, so Go cannot record the version.
func TestForeignCheckout(t *testing.T) {
	Require(t, "root", "git")
	p := newProject(t, "")
	for _, command := range []string{"git init --quiet", "git add .",
		"git -c user.name=me -c user.email=me@example.com commit --quiet -m all", "chown -R 1000:1000 ."} {
		cmd := exec.Command("sh", "-c", command)
		cmd.Dir = p.dir
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", command, err, output)
		}
	}
	output, err := p.build("", "GIT_CONFIG_GLOBAL=/dev/null", "GOENV=off")
	if err != nil || output != "" {
		t.Errorf("%v\n%s", err, output)
	}
	version, err := exec.Command("go", "version", "-m", filepath.Join(p.dir, "bin/hocker")).Output()
	if err != nil || regexp.MustCompile(`vcs\.`).Match(version) {
		t.Errorf("%v\n%s", err, version)
	}
}
