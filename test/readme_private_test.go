package test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"hocker/test/servers"
)

// privateDocument is docs/private-registries.md.
var privateDocument = document{
	path: "docs/private-registries.md",
	// The password occurs nowhere else, since the test searches for it everywhere.
	account: servers.Account{Username: "me", Password: "stands-nowhere-else"},
	outputs: []documentOutput{
		{words: "hocker lock add", output: `(?m)^app +- +→ +sha256:`},
		{words: "nix-build -A app", output: `(?m)^/.*/store/\w{32}-`},
		{words: "hocker prefetch", output: `(?m)^/.*/store/\w{32}-demo_app_1-config\.json$`},
	},
	use: usePrivate,
}

// TestPrivateRegistries follows docs/private-registries.md. It checks that the
// password is readable where the page says so, and nowhere else.
func TestPrivateRegistries(t *testing.T) {
	privateDocument.read(t, func(b *box) {
		b.write(filepath.Join(b.folder, "password"), b.account.Password+"\n", 0o600)
		if err := os.Remove(filepath.Join(b.folder, "app.nix")); err != nil {
			t.Fatal(err)
		}
		b.checkProcesses()
	})
}

// checkProcesses passes the password to a tool in several ways, and searches the
// tool's command line and environment for it, as another user and as root.
func (b *box) checkProcesses() {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // a registry that never answers
	if err != nil {
		b.t.Fatal(err)
	}
	defer silent.Close()
	for _, given := range []struct {
		command    string
		user, root string // the files below /proc/PID that contain it
	}{
		{command: `exec hocker-manifest --username me --password "$(cat password)" $0`, user: "cmdline", root: "cmdline"},
		{command: `exec hocker-manifest --username me --password-stdin $0 <password`},
		{command: `DOCKER_USER=me DOCKER_PASS="$(cat password)" exec hocker-manifest $0`, root: "environ"},
	} {
		cmd := b.command("bash", "-c", given.command, silent.Addr().String()+"/demo/app:1")
		if err := cmd.Start(); err != nil {
			b.t.Fatal(err)
		}
		connection, err := silent.Accept()
		if err != nil {
			b.t.Fatal(err)
		}
		if found := b.searchProcess(cmd.Process.Pid, asNobody); found != given.user {
			b.t.Errorf("%s: another user finds the password in %q, want %q", given.command, found, given.user)
		}
		if found := b.searchProcess(cmd.Process.Pid, ""); found != given.root {
			b.t.Errorf("%s: root finds the password in %q, want %q", given.command, found, given.root)
		}
		cmd.Process.Kill()
		cmd.Wait()
		connection.Close()
	}
}

// searchProcess returns the names of the files below /proc/PID that contain the
// password.
func (b *box) searchProcess(pid int, as string) string {
	files, _ := b.command("sh", "-c", fmt.Sprintf("cd /proc/%d && %sgrep -slF %s cmdline environ", pid, as, b.account.Password)).Output()
	return strings.TrimSpace(string(files))
}

// usePrivate prepares what a block needs, runs it, and checks its effect.
func usePrivate(r *reader, block documentBlock) bool {
	b := r.box
	switch {
	case strings.HasPrefix(block.text, "hocker: blob of"):
		b.checkNothingLeaked()
		b.startDaemon()
		b.checkRefusal(block)
	case strings.HasPrefix(block.text, "extra-sandbox-paths ="):
		b.checkNothingLeaked()
		b.write(filepath.Join(b.nixConf(), "nix.conf"), block.text, 0o644)
		b.startDaemon()
		b.buildAnew()
		b.checkNothingLeaked()
		// A derivation of another user that is not a fixed-output derivation.
		b.checkLeak("while read line; do echo $line; done </etc/nix-docker-credentials.txt", "{ }")
		b.mustRun("rm", filepath.Join(b.nixConf(), "nix.conf"), "/etc/nix-docker-credentials.txt")
	case strings.HasPrefix(block.text, "# /etc/systemd/"):
		b.startDaemon("DOCKER_REGISTRY="+privateName, "DOCKER_USER="+b.account.Username, "DOCKER_PASS="+b.account.Password)
		b.buildAnew()
		b.checkNothingLeaked()
		b.checkLeak("echo $DOCKER_PASS", `{ impureEnvVars = [ "DOCKER_PASS" ]; outputHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="; }`)
		b.checkNoLeak("echo $DOCKER_PASS", `{ impureEnvVars = [ "DOCKER_PASS" ]; }`)
	case block.language == "sh":
		b.forgetStore() // each block has to fetch again
		r.run(block)
		if strings.Contains(block.text, "hocker prefetch") {
			b.checkPrefetch()
		}
	default:
		return false
	}
	return true
}

// forgetStore removes fetched blobs from the store.
func (b *box) forgetStore() { b.mustRun("sh", "-c", "rm -f result* && nix-store --gc") }

// buildAnew builds the image of the private registry, and checks that the build
// makes requests.
func (b *box) buildAnew() {
	b.t.Helper()
	b.forgetStore()
	before := b.requestCounts()
	b.mustRun("nix-build", "-A", "app")
	if len(b.requestsSince(before)) == 0 {
		b.t.Error("the private registry has received no request for the image")
	}
}

// checkRefusal checks that a build without credentials fails with the block's
// messages, although the daemon's client has credentials.
func (b *box) checkRefusal(block documentBlock) {
	b.forgetStore()
	output, err := b.command("env", "DOCKER_USER="+b.account.Username, "DOCKER_PASS="+b.account.Password, "nix-build", "-A", "app").CombinedOutput()
	if err == nil {
		b.t.Errorf("%s: the build succeeded, want an error", block)
	}
	for _, line := range strings.Split(strings.TrimSpace(block.text), "\n") {
		pattern := strings.ReplaceAll(regexp.QuoteMeta(line), "sha256:…", "sha256:[0-9a-f]{64}")
		if !regexp.MustCompile(pattern).Match(output) {
			b.t.Errorf("%s: no %s in the output of the build:\n%s", block, line, output)
		}
	}
}

// checkPrefetch checks that a user whom the daemon does not trust can prefetch an
// image, and that the build then makes no request.
func (b *box) checkPrefetch() {
	b.forgetStore()
	b.mustRun("sh", "-c", b.asNixUser()+`hocker prefetch --registry `+privateName+` --username me --password-stdin hocker.lock.json <password`)
	before := b.requestCounts()
	b.mustRun("sh", "-c", b.asNixUser()+"nix-build --no-out-link -A app")
	if requests := b.requestsSince(before); len(requests) > 0 {
		b.t.Errorf("a build after prefetch made the request %s", requests[0])
	}
}

// asNobody prefixes a command line to run it as the user nobody.
const asNobody = "HOME=/nonexistent setpriv --reuid=65534 --regid=65534 --clear-groups "

// asNixUser is asNobody for a command that calls Nix. It is empty if only root can run
// this Nix: see test/suites.sh.
func (b *box) asNixUser() string {
	if err := b.command("sh", "-c", asNobody+"nix-store --version").Run(); err != nil {
		return ""
	}
	return asNobody
}

// checkNothingLeaked checks that the password is not in the store, its derivations,
// its logs or Nix's state.
func (b *box) checkNothingLeaked() {
	b.t.Helper()
	output, _ := b.command("grep", "-rlF", b.account.Password, filepath.Join(b.dir, "nix")).Output()
	if len(output) > 0 {
		b.t.Errorf("the password is in\n%s", output)
	}
}

// checkLeak checks that another user's builder can read the password.
func (b *box) checkLeak(script, attributes string) {
	b.t.Helper()
	if output := b.spy(script, attributes); !strings.Contains(output, b.account.Password) {
		b.t.Errorf("%s does not print the password:\n%s", script, output)
	}
}

// checkNoLeak checks that another user's builder cannot read the password.
func (b *box) checkNoLeak(script, attributes string) {
	b.t.Helper()
	if output := b.spy(script, attributes); strings.Contains(output, b.account.Password) {
		b.t.Errorf("%s prints the password:\n%s", script, output)
	}
}

// spy returns the output of another user's builder, and removes its log.
func (b *box) spy(script, attributes string) string {
	b.t.Helper()
	b.write(filepath.Join(b.folder, "spy.nix"), `derivation ({
  name = "spy";
  system = builtins.currentSystem;
  builder = "${<nixpkgs>}/prebuilt/bin/busybox";
  args = [ "sh" "-c" "(`+script+`) >&2; echo spied >$out" ];
} // `+attributes+")\n", 0o644)
	// The build fails, since its hash is wrong. The builder has run before.
	output, _ := b.command("sh", "-c", b.asNixUser()+"nix-build --no-out-link spy.nix").CombinedOutput()
	if !strings.Contains(string(output), "building '") {
		b.t.Errorf("the builder did not run:\n%s", output)
	}
	b.mustRun("rm", "-r", filepath.Join(b.dir, "nix/log"))
	return string(output)
}
