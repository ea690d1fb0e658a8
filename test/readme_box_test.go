package test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hocker/test/images"
	"hocker/test/servers"
)

// boxVariable holds the box's directory if a test runs in the box.
const boxVariable = "HOCKER_TEST_BOX"

// inBox reports whether this process runs in the box.
func inBox() bool { return os.Getenv(boxVariable) != "" }

// hubAddress is the address of Docker Hub in the box. It is not a loopback address,
// since a client may refuse a token service there.
const hubAddress = "192.0.2.1"

// privateAddress is the address of the private registry, privateName.
const (
	privateAddress = "192.0.2.2"
	privateName    = "registry.example"
	privateImage   = privateName + "/demo/app:1"
)

// enterBox is run in new network and mount namespaces, with a copy of /etc.
const enterBox = `set -e
busybox ip link set lo up
busybox ip address add ` + hubAddress + `/32 dev lo
busybox ip address add ` + privateAddress + `/32 dev lo
busybox ip address add ` + strangerAddress + `/32 dev lo
busybox ip address add ` + mirrorAddress + `/32 dev lo
mount --bind "$` + boxVariable + `/etc" /etc
exec "$@"`

// runInBox runs the calling test again in the box, with a Docker daemon.
func runInBox(t *testing.T) {
	servers.Require(t, "root", "unshare", "mount", "bash", "busybox", "docker-registry", "nginx", "htpasswd",
		"skopeo", "nix-build", "nixbld", "dockerd", "docker", "jq")
	docker, err := shared.docker.get()
	if err != nil {
		t.Fatal(err)
	}
	enterBoxAgain(t, "DOCKER_HOST="+docker.Host())
}

// enterBoxAgain runs the calling test again in the box, with additional environment
// variables.
func enterBoxAgain(t *testing.T, environ ...string) {
	dir, err := os.MkdirTemp(os.Getenv("GOTMPDIR"), "box-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	copyTree(t, "/etc", filepath.Join(dir, "etc"))
	hosts := "127.0.0.1 localhost\n" + hubAddress + " registry-1.docker.io auth.docker.io\n" +
		privateAddress + " " + privateName + "\n" +
		strangerAddress + " " + strangerName + "\n" + mirrorAddress + " " + mirrorName + "\n"
	if err := os.WriteFile(filepath.Join(dir, "etc/hosts"), []byte(hosts), 0o644); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "unshare", "--mount", "--net", "--propagation", "private",
		"sh", "-c", enterBox, "box", self, "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=30m")
	cmd.Env = append(append(os.Environ(), boxVariable+"="+dir), environ...)
	output, err := cmd.CombinedOutput()
	t.Logf("in the box:\n%s", output)
	if err != nil || !strings.Contains(string(output), "--- PASS: "+t.Name()) {
		t.Errorf("in the box: %v", err)
	}
}

// box is an isolated network with a stand-in for Docker Hub that has a few images,
// a private registry, and a folder in which commands run.
type box struct {
	t       *testing.T
	dir     string
	folder  string          // where commands are run
	account servers.Account // of the private registry
	environ []string
	direct  []string  // environ without a daemon
	daemon  *exec.Cmd // none at first
	hub     *servers.Nginx
	behind  *servers.Registry // the registry behind hub
	private *servers.Nginx
	store   *servers.NixStore
}

// newBox starts the servers in the box. The private registry has this account.
func newBox(t *testing.T, account servers.Account) *box {
	b := emptyBox(t, account)
	authority, err := shared.authority()
	if err != nil {
		t.Fatal(err)
	}
	b.startHub(authority)
	b.startPrivate(authority)
	t.Cleanup(b.stopDaemon)
	return b
}

// emptyBox returns a box with Nix and without servers.
func emptyBox(t *testing.T, account servers.Account) *box {
	b := &box{t: t, dir: os.Getenv(boxVariable), account: account}
	b.folder = filepath.Join(b.dir, "folder")
	authority, err := shared.authority()
	if err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join(b.dir, "ca.pem")
	b.write(ca, string(authority.Certificate()), 0o644)
	t.Setenv("SSL_CERT_FILE", ca) // for the pushes
	b.prepareNix(ca)
	return b
}

// startHub starts Docker Hub: a registry that requires a token from a token service
// at another host, which issues tokens without a login.
func (b *box) startHub(authority *servers.Authority) {
	registry := b.startRegistry(servers.RegistryOptions{Token: &servers.TokenOptions{
		Account:   servers.Account{Username: "library", Password: "of-the-hub"},
		Anonymous: true,
		Realm:     "https://auth.docker.io/token",
		Service:   "registry.docker.io",
	}})
	hub, err := servers.StartNginx(servers.NginxOptions{
		Listen:    hubAddress + ":443",
		Authority: authority,
		Names:     []string{"registry-1.docker.io", "auth.docker.io"},
		Upstream:  registry.Addr(),
		Tokens:    registry.Tokens.Addr(),
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.hub, b.behind = hub, registry
	b.t.Cleanup(func() { b.stop(hub) })
	set := images.NewSet(filepath.Join(b.dir, "images"))
	for _, name := range []string{"library/debian:bookworm", "library/debian:bullseye", "library/debian:jessie", "library/nginx:1.29", "library/redis:8"} {
		if _, err := set.Push(images.Spec{Variant: "oci-index", Greeting: name}, registry, name); err != nil {
			b.t.Fatal(err)
		}
	}
	if _, err := set.Push(images.Spec{Variant: "oci-index", Greeting: "hello from the Nix store"}, registry, "demo/hello:1"); err != nil {
		b.t.Fatal(err)
	}
	if err := hub.Forget(); err != nil {
		b.t.Fatal(err)
	}
}

// prepareNix makes a store, a <nixpkgs>, and a `nix` that finds local copies of the
// flakes on the internet.
func (b *box) prepareNix(ca string) {
	var err error
	if b.store, err = servers.NewNixStore(filepath.Join(b.dir, "nix")); err != nil {
		b.t.Fatal(err)
	}
	nixpkgs, hocker := filepath.Join(b.dir, "nixpkgs"), filepath.Join(b.folder, "hocker")
	copyTree(b.t, filepath.Join(shared.root, "nix/tests/nixpkgs"), nixpkgs)
	copyTree(b.t, filepath.Join(shared.hocker, "bin/hocker"), filepath.Join(nixpkgs, "prebuilt/bin/hocker"))
	busybox, err := servers.Busybox()
	if err != nil {
		b.t.Fatal(err)
	}
	copyTree(b.t, busybox, filepath.Join(nixpkgs, "prebuilt/bin/busybox"))
	for _, part := range []string{"cmd", "completions", "fetcher", "test/faults", "nix", "templates", "flake.nix", "go.mod", "go.sum"} {
		copyTree(b.t, filepath.Join(shared.root, part), filepath.Join(hocker, part))
	}
	nix, err := exec.LookPath("nix")
	if err != nil {
		b.t.Fatal(err)
	}
	wrappers := filepath.Join(b.dir, "wrappers")
	// nix flake init takes no --override-input.
	flake, err := os.ReadFile(filepath.Join(hocker, "flake.nix"))
	if err != nil {
		b.t.Fatal(err)
	}
	b.write(filepath.Join(hocker, "flake.nix"),
		strings.Replace(string(flake), "github:NixOS/nixpkgs/nixpkgs-unstable", "path:"+nixpkgs, 1), 0o644)
	b.write(filepath.Join(wrappers, "nix"), `#!/bin/sh
if test "$1 $2 $3" = "flake init -t"; then
	exec `+nix+` flake init -t "path:`+hocker+`#${4#github:OWNER/hocker\#}"
fi
exec `+nix+` "$@" --no-write-lock-file --override-input nixpkgs path:`+nixpkgs+` --override-input hocker path:`+hocker+`
`, 0o755)
	if err := prepareHome(b.dir); err != nil {
		b.t.Fatal(err)
	}
	env := environ(b.dir, os.Getenv("PATH"))
	env["PATH"] = wrappers + ":" + env["PATH"]
	env["DOCKER_HOST"] = os.Getenv("DOCKER_HOST")
	env["NIX_PATH"] = "nixpkgs=" + nixpkgs
	// The usual locations of a machine's certificates.
	env["SSL_CERT_FILE"], env["NIX_SSL_CERT_FILE"] = ca, ca
	for name, value := range b.store.Environ() {
		env[name] = value
	}
	env["NIX_CONFIG"] += "\nextra-sandbox-paths = " + ca
	for name, value := range env {
		b.environ = append(b.environ, name+"="+value)
	}
}

// startPrivate starts a registry that requires a login, with the image that
// private.nix builds.
func (b *box) startPrivate(authority *servers.Authority) {
	registry := b.startRegistry(servers.RegistryOptions{Basic: &b.account})
	private, err := servers.StartNginx(servers.NginxOptions{
		Listen:    privateAddress + ":443",
		Authority: authority,
		Names:     []string{privateName},
		Upstream:  registry.Addr(),
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.private = private
	b.t.Cleanup(func() { b.stop(private) })
	set := images.NewSet(filepath.Join(b.dir, "private"))
	if _, err := set.Push(images.Spec{Variant: "docker", Greeting: "private"}, registry, "demo/app:1"); err != nil {
		b.t.Fatal(err)
	}
	b.mustRun("docker2nix", "--fetch", "-u", b.account.Username, "-p", b.account.Password, "--out", "app.nix", privateImage)
	b.write(filepath.Join(b.folder, "private.nix"), `let
  pkgs = import <nixpkgs> { overlays = [ (import ./hocker/nix/overlay.nix) ]; };
in
pkgs.callPackage ./app.nix { }
`, 0o644)
}

func (b *box) startRegistry(options servers.RegistryOptions) *servers.Registry {
	registry, err := servers.StartRegistry(options)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { b.stop(registry) })
	return registry
}

// stop ends a server and shows its log if the test has failed.
func (b *box) stop(s server) {
	if b.t.Failed() {
		b.t.Log(s.Log())
	}
	if err := s.Stop(); err != nil {
		b.t.Error(err)
	}
}

// command returns a command that runs in the box's folder with an empty standard
// input.
func (b *box) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command("env", append([]string{name}, args...)...) // env looks it up in the box's PATH
	cmd.Dir, cmd.Env = b.folder, b.environ
	return cmd
}

// mustRun runs a program that must succeed, and returns its output.
func (b *box) mustRun(name string, args ...string) {
	b.t.Helper()
	output, err := b.command(name, args...).CombinedOutput()
	if err != nil {
		b.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, output)
	}
}

// write writes a file.
func (b *box) write(path, text string, mode os.FileMode) {
	b.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		b.t.Fatal(err)
	}
}

// nixConf returns the folder with nix.conf.
func (b *box) nixConf() string { return b.store.Environ()["NIX_CONF_DIR"] }

// requestsOf returns the requests that a server has received.
func (b *box) requestsOf(server *servers.Nginx) []servers.Request {
	b.t.Helper()
	requests, err := server.Requests()
	if err != nil {
		b.t.Fatal(err)
	}
	return requests
}

// requestCounts returns the number of requests that each registry has received.
func (b *box) requestCounts() [2]int {
	return [2]int{len(b.requestsOf(b.hub)), len(b.requestsOf(b.private))}
}

// requestsSince returns the requests that the registries have received since then.
func (b *box) requestsSince(counts [2]int) []servers.Request {
	return append(b.requestsOf(b.hub)[counts[0]:], b.requestsOf(b.private)[counts[1]:]...)
}

// startDaemon starts a nix-daemon for the store, with additional environment
// variables ("NAME=value"). It replaces an earlier daemon.
func (b *box) startDaemon(environ ...string) {
	b.stopDaemon()
	socket := filepath.Join(b.dir, "socket")
	b.daemon = b.command("env", append(environ, "NIX_DAEMON_SOCKET_PATH="+socket, "nix-daemon")...)
	if err := b.daemon.Start(); err != nil {
		b.t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(askAgain) {
		if conn, err := net.Dial("unix", socket); err == nil {
			conn.Close()
			break
		} else if time.Now().After(deadline) {
			b.t.Fatal(err)
		}
	}
	b.direct = b.environ
	b.environ = append(slices.Clone(b.environ), "NIX_REMOTE=daemon", "NIX_DAEMON_SOCKET_PATH="+socket)
}

// stopDaemon ends the daemon if there is one.
func (b *box) stopDaemon() {
	if b.daemon == nil {
		return
	}
	b.environ = b.direct
	if err := b.daemon.Process.Kill(); err != nil {
		b.t.Error(err)
	}
	b.daemon.Wait()
	b.daemon = nil
	os.Remove(filepath.Join(b.dir, "socket"))
}
