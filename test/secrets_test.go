package test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hocker/test/images"
	"hocker/test/servers"
)

// secretColumns are the servers of TestSecrets. All require a login.
var secretColumns = []string{"registry.example", "registry.example, http", "stranger.example", "mirror.example"}

// The addresses and names of the servers. These are not loopback addresses: see
// hubAddress.
const (
	strangerAddress, strangerName = "192.0.2.3", "stranger.example"
	mirrorAddress, mirrorName     = "192.0.2.4", "mirror.example"
)

// secretSetting is a secret for registry.example in one of the sources of credentials.
// @FILE stands for a file with this content, which builds can read.
type secretSetting struct {
	name    string
	environ []string
	flags   []string // of the tools
	content string
	builds  bool // builds support the setting

	// What each server receives from builds and from commands that read a lock file,
	// and from hocker image with a reference on the command line.
	read, typed [4]string
}

// What a server received in the worst case. A dash in the table means no request.
const (
	nothing  = "nothing"
	password = "password"
	token    = "token"
)

var (
	seesNothing = [4]string{nothing, nothing, nothing, nothing}
	ownPassword = [4]string{password, nothing, nothing, nothing}
	ownToken    = [4]string{token, nothing, nothing, nothing}
)

var secretSettings = []secretSetting{
	{
		name:    "DOCKER_USER, DOCKER_PASS",
		environ: []string{"DOCKER_USER=me", "DOCKER_PASS=secret"},
		builds:  true, read: seesNothing, typed: [4]string{password, nothing, password, nothing},
	},
	{
		name:    "DOCKER_TOKEN",
		environ: []string{"DOCKER_TOKEN=secret"},
		builds:  true, read: seesNothing, typed: [4]string{token, nothing, token, nothing},
	},
	{
		name:    "DOCKER_USER, DOCKER_PASS, DOCKER_REGISTRY=registry.example",
		environ: []string{"DOCKER_USER=me", "DOCKER_PASS=secret", "DOCKER_REGISTRY=registry.example"},
		builds:  true, read: ownPassword, typed: ownPassword,
	},
	{
		name:    "DOCKER_TOKEN, DOCKER_REGISTRY=other.example, registry.example",
		environ: []string{"DOCKER_TOKEN=secret", "DOCKER_REGISTRY=other.example, registry.example"},
		builds:  true, read: ownToken, typed: ownToken,
	},
	{
		name:    "DOCKER_USER, DOCKER_PASS, DOCKER_REGISTRY=http://registry.example",
		environ: []string{"DOCKER_USER=me", "DOCKER_PASS=secret", "DOCKER_REGISTRY=http://registry.example"},
		builds:  true, read: [4]string{password, password, nothing, nothing}, typed: [4]string{password, password, nothing, nothing},
	},
	{
		name:    "DOCKER_USER, DOCKER_PASS, DOCKER_REGISTRY=*",
		environ: []string{"DOCKER_USER=me", "DOCKER_PASS=secret", "DOCKER_REGISTRY=*"},
		builds:  true, read: [4]string{password, nothing, password, nothing}, typed: [4]string{password, nothing, password, nothing},
	},
	{
		name:    "DOCKER_AUTH_CONFIG",
		environ: []string{`DOCKER_AUTH_CONFIG={"auths": {"registry.example": {"username": "me", "password": "secret"}}}`},
		builds:  true, read: ownPassword, typed: ownPassword,
	},
	{
		name:    "DOCKER_AUTH_CONFIG, http:// in the key",
		environ: []string{`DOCKER_AUTH_CONFIG={"auths": {"http://registry.example": {"username": "me", "password": "secret"}}}`},
		builds:  true, read: [4]string{password, password, nothing, nothing}, typed: [4]string{password, password, nothing, nothing},
	},
	{
		name:    "DOCKER_AUTH_CONFIG, with the mirror's own login",
		environ: []string{`DOCKER_AUTH_CONFIG={"auths": {"registry.example": {"username": "me", "password": "secret"}, "mirror.example": {"username": "me", "password": "mine"}}}`},
		builds:  true, read: [4]string{password, nothing, nothing, password}, typed: [4]string{password, nothing, nothing, password},
	},
	{
		name: "credentials file of lines", content: "USERNAME=me\nPASSWORD=secret\n", flags: []string{"--credentials-file", "@FILE"},
		builds: true, read: seesNothing, typed: [4]string{password, password, password, nothing},
	},
	{
		name: "credentials file of lines, REGISTRY=registry.example", content: "REGISTRY=registry.example\nUSERNAME=me\nPASSWORD=secret\n", flags: []string{"--credentials-file", "@FILE"},
		builds: true, read: ownPassword, typed: ownPassword,
	},
	{
		name: "credentials file that is a netrc", content: "machine registry.example login me password secret\n", flags: []string{"--credentials-file", "@FILE"},
		builds: true, read: ownPassword, typed: ownPassword,
	},
	{
		name: "NETRC", content: "machine registry.example login me password secret\n", environ: []string{"NETRC=@FILE"},
		read: ownPassword, typed: ownPassword,
	},
	{
		name: "NETRC, default entry", content: "default login me password secret\n", environ: []string{"NETRC=@FILE"},
		read: seesNothing, typed: [4]string{password, nothing, password, nothing},
	},
	{
		name: "docker login's file", content: `{"auths": {"registry.example": {"username": "me", "password": "secret"}}}`, environ: []string{"REGISTRY_AUTH_FILE=@FILE"},
		read: ownPassword, typed: ownPassword,
	},
	{
		name: "--username, --password", flags: []string{"--username", "me", "--password", "secret"},
		typed: [4]string{password, password, password, nothing}, // to the registry on the command line, with a warning
	},
	{
		name: "--username, --password, --registry registry.example", flags: []string{"--username", "me", "--password", "secret", "--registry", "registry.example"},
		read: ownPassword, // hocker image would have two registries
	},
}

// TestSecrets checks which servers receive a secret. A build and the commands that ask
// registries do so for images at registry.example, at an unrelated registry, and at
// registry.example over plain http, with a mirror for all. Each of the
// four servers requires a login. With -v it shows the table.
func TestSecrets(t *testing.T) {
	if !inBox() {
		t.Parallel()
		servers.Require(t, "root", "unshare", "mount", "busybox", "docker-registry", "nginx", "htpasswd", "skopeo", "curl", "nix-build", "nixbld")
		enterBoxAgain(t)
		return
	}
	s := newSecretsBox(t)
	var rows []string
	for _, setting := range secretSettings {
		for _, command := range secretCommands {
			if command.applies(setting) {
				rows = append(rows, command.row(setting))
			}
		}
	}
	result := newTable("secret, command", rows, secretColumns)
	for _, setting := range secretSettings {
		file := s.write(setting)
		for _, command := range secretCommands {
			if command.applies(setting) {
				s.row(command, setting, file, result)
			}
		}
	}
	s.checkFiles()
	t.Logf("\n%s\npassword, token: the server received it. nothing: requests without a secret. -: no requests.", result)
}

// secretCommand is a command that sends requests to registries.
type secretCommand struct {
	name  string
	typed bool // the registry is on the command line
	build bool
	empty bool // needs an empty store
	// lists is whether the command asks for lists of tags, of which mirrors are not asked;
	// follows is whether it asks for manifests after that.
	lists, follows bool
	run            func(s *secretsBox, image string, environ, flags []string)
}

var secretCommands = []secretCommand{
	{name: "build", build: true, run: (*secretsBox).build},
	{name: "lock check", run: func(s *secretsBox, image string, environ, flags []string) {
		s.hocker(environ, append([]string{"lock", "check", "--file", image + ".json"}, flags...)...)
	}},
	{name: "prefetch", empty: true, run: func(s *secretsBox, image string, environ, flags []string) {
		s.hocker(environ, append([]string{"prefetch", image + ".json"}, flags...)...)
	}},
	{name: "lock outdated", lists: true, run: func(s *secretsBox, image string, environ, flags []string) {
		s.hocker(environ, append([]string{"lock", "outdated", "--file", image + ".json"}, flags...)...)
	}},
	{name: "lock update", run: func(s *secretsBox, image string, environ, flags []string) {
		s.hocker(environ, append([]string{"lock", "update", "--file", image + ".json"}, flags...)...)
	}},
	{name: "lock update, follow", lists: true, follows: true, run: func(s *secretsBox, image string, environ, flags []string) {
		s.hocker(environ, append([]string{"lock", "update", "--format", "markdown", "--file", image + "-follow.json"}, flags...)...)
	}},
	{name: "lock add --from", run: func(s *secretsBox, image string, environ, flags []string) {
		s.hocker(environ, append([]string{"lock", "add", "--format", "json", "--file", image + "-from.json", "--from", image + "/compose.yaml"}, flags...)...)
	}},
	{name: "lock update, source", run: func(s *secretsBox, image string, environ, flags []string) {
		s.hocker(environ, append([]string{"lock", "update", "--commit-message", image + ".message", "--file", image + "-source.json"}, flags...)...)
	}},
	{name: "tags", typed: true, lists: true, run: func(s *secretsBox, image string, environ, flags []string) {
		s.hocker(environ, append([]string{"tags", secretImages[image] + "/demo/" + image}, flags...)...)
	}},
	{name: "inspect", typed: true, run: func(s *secretsBox, image string, environ, flags []string) {
		s.hocker(environ, append([]string{"inspect", secretImages[image] + "/demo/" + image + ":1"}, flags...)...)
	}},
	{name: "diff", typed: true, run: func(s *secretsBox, image string, environ, flags []string) {
		s.hocker(environ, append([]string{"diff", secretImages[image] + "/demo/" + image + ":1", secretImages[image] + "/demo/" + image + ":1"}, flags...)...)
	}},
	{name: "image", typed: true, run: func(s *secretsBox, image string, environ, flags []string) {
		s.hocker(environ, append([]string{"image", "--quiet", "--out", image + ".tar", secretImages[image] + "/demo/" + image + ":1"}, flags...)...)
	}},
}

// applies reports whether a command supports the setting.
func (c secretCommand) applies(s secretSetting) bool {
	switch {
	case c.build:
		return s.builds
	case c.typed:
		return s.typed != [4]string{}
	}
	// A credential flag without a registry is an error if the registries come from a
	// file.
	return s.read != [4]string{} && (s.flags == nil || s.read != seesNothing)
}

// wants returns what each server is to receive.
func (c secretCommand) wants(s secretSetting) [4]string {
	want := s.read
	if c.typed {
		want = s.typed
	}
	if c.lists && (!c.follows || !slices.Contains(want[:3], password)) { // no other login succeeds
		want[3] = ""
	}
	return want
}

func (c secretCommand) row(s secretSetting) string { return s.name + "; " + c.name }

// secretImages are the addresses of the images' registries.
var secretImages = map[string]string{
	"own":      "https://" + privateName,
	"plain":    "http://" + privateName,
	"stranger": "https://" + strangerName,
}

// secretsBox is a box with the servers of TestSecrets.
type secretsBox struct {
	*box
	servers []*servers.Nginx // in the order of secretColumns
	rows    int              // so far
	config  string           // the digest of the image's config
}

func newSecretsBox(t *testing.T) *secretsBox {
	b := emptyBox(t, servers.Account{Username: "me", Password: "secret"})
	s := &secretsBox{box: b}
	registry := b.startRegistry(servers.RegistryOptions{})
	set := images.NewSet(filepath.Join(b.dir, "images"))
	for name := range secretImages {
		image, err := set.Push(images.Spec{Variant: "docker"}, registry, "demo/"+name+":1")
		if err != nil {
			t.Fatal(err)
		}
		s.config = image.Config.String()
	}
	authority, err := shared.authority()
	if err != nil {
		t.Fatal(err)
	}
	for _, options := range []servers.NginxOptions{
		{Listen: privateAddress + ":443", Authority: authority, Names: []string{privateName}},
		{Listen: privateAddress + ":80"},
		{Listen: strangerAddress + ":443", Authority: authority, Names: []string{strangerName}},
		{Listen: mirrorAddress + ":443", Authority: authority, Names: []string{mirrorName}},
	} {
		options.Upstream, options.Basic = registry.Addr(), &b.account
		server, err := servers.StartNginx(options)
		if err != nil {
			t.Fatal(err)
		}
		s.servers = append(s.servers, server)
		t.Cleanup(func() { b.stop(server) })
	}
	for name, address := range secretImages {
		s.lock(name, address)
	}
	b.write(filepath.Join(b.folder, "secrets.nix"), `{ name, imageName, registry }:
(import ./hocker/nix/fetchdocker.nix {
  hocker = <nixpkgs> + "/prebuilt";
  system = builtins.currentSystem;
}).fetchDockerConfig {
  inherit name imageName registry;
  repository = "demo";
  tag = "1";
  sha256 = "`+s.config+`";
}
`, 0o644)
	return s
}

// lock writes the lock files of an image, and a compose file that names it. Beside it are
// credentials, which docker compose would not use either.
func (s *secretsBox) lock(name, address string) {
	login := []string{"-u", "me", "-p", "secret", "--registry", address}
	add := func(suffix string, args ...string) {
		s.mustRun("hocker", append(append([]string{"lock", "add", "-q", "--file", name + suffix + ".json"}, login...), args...)...)
	}
	folder := filepath.Join(s.folder, name)
	if err := os.Mkdir(folder, 0o755); err != nil {
		s.t.Fatal(err)
	}
	s.box.write(filepath.Join(folder, "compose.yaml"), "services: {app: {image: \""+address+"/demo/"+name+":${TAG}\"}}\n", 0o644)
	s.box.write(filepath.Join(folder, ".env"), "TAG=1\nDOCKER_USER=me\nDOCKER_PASS=secret\nDOCKER_REGISTRY=*\n", 0o644)
	add("", "demo/"+name+":1")
	add("-follow", "--follow", "*", "demo/"+name+":1")
	add("-source", "--from", name+"/compose.yaml")
}

// write writes the file of a setting, readable by builds, and returns its name.
func (s *secretsBox) write(setting secretSetting) string {
	file := filepath.Join(s.dir, "credentials")
	s.box.write(file, setting.content, 0o440)
	s.mustRun("install", "-m", "0440", "-g", "nixbld", file, file+".txt")
	return file + ".txt"
}

// checkFiles checks that no lock file or commit message has the password.
func (s *secretsBox) checkFiles() {
	s.t.Helper()
	files, err := filepath.Glob(filepath.Join(s.folder, "*.[jm]*"))
	if err != nil || len(files) < 4*len(secretImages) {
		s.t.Fatalf("%v, the files are %q", err, files)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			s.t.Fatal(err)
		}
		if strings.Contains(string(text), "secret") {
			s.t.Errorf("%s has the password:\n%s", file, text)
		}
	}
}

// row runs a command with a setting for each image, and checks what the servers
// received.
func (s *secretsBox) row(command secretCommand, setting secretSetting, file string, result *table) {
	s.t.Helper()
	for _, server := range s.servers {
		if err := server.Forget(); err != nil {
			s.t.Fatal(err)
		}
	}
	environ := []string{"HOCKER_MIRRORS=*=https://" + mirrorName}
	for _, variable := range setting.environ {
		environ = append(environ, strings.ReplaceAll(variable, "@FILE", file))
	}
	flags := slices.Clone(setting.flags)
	for i, flag := range flags {
		flags[i] = strings.ReplaceAll(flag, "@FILE", file)
	}
	if command.build && setting.content != "" {
		flags = []string{"-I", "DOCKER_CREDENTIALS=" + file, "--option", "extra-sandbox-paths", file + " " + s.ca()}
	}
	if command.empty {
		s.mustRun("nix-store", "--gc")
	}
	s.rows++
	var wg sync.WaitGroup
	for image := range secretImages {
		wg.Go(func() { command.run(s, image, environ, flags) })
	}
	wg.Wait()
	want := command.wants(setting)
	for i, server := range s.servers {
		saw := s.saw(server)
		result.note(command.row(setting), secretColumns[i], saw)
		if saw != want[i] {
			s.t.Errorf("%s: %s received %s, want %s", command.row(setting), secretColumns[i], saw, want[i])
		}
	}
}

// saw returns the most that a server has received.
func (s *secretsBox) saw(server *servers.Nginx) string {
	worst := ""
	for _, request := range s.settled(server) {
		switch {
		case request.Auth == "Basic":
			worst = password
		case request.Auth != "":
			worst = token
		case worst == "":
			worst = nothing
		}
	}
	return worst
}

// settled returns the requests that a server has received. nginx may log a request
// after the client has its answer. So settled makes a request and waits for it in the
// log.
func (s *secretsBox) settled(server *servers.Nginx) []servers.Request {
	scheme := "http"
	if server.Options().Authority != nil {
		scheme = "https"
	}
	s.mustRun("curl", "--silent", "--insecure", "--user-agent", "settled", scheme+"://"+server.Addr())
	for {
		requests, err := server.Requests()
		if err != nil {
			s.t.Fatal(err)
		}
		if n := len(requests); n > 0 && requests[n-1].Agent == "settled" {
			return requests[:n-1]
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (s *secretsBox) ca() string { return filepath.Join(s.dir, "ca.pem") }

// build builds the config of an image, under a unique name. It fails if access is
// denied.
func (s *secretsBox) build(image string, environ, flags []string) {
	args := append(slices.Clone(environ), "nix-build", "--no-out-link", "secrets.nix", "--argstr", "imageName", image,
		"--argstr", "name", fmt.Sprintf("build-%d-%s", s.rows, image), "--argstr", "registry", secretImages[image]+"/v2/")
	s.run(append(args, flags...)...)
}

func (s *secretsBox) hocker(environ []string, args ...string) {
	s.run(append(append(slices.Clone(environ), "hocker"), args...)...)
}

// storeBusy says whether a Nix command failed because another one opened or closed the
// store's database at the same time: https://github.com/NixOS/nix/issues/15987.
func storeBusy(output []byte) bool {
	return regexp.MustCompile(`(?m)^error: SQLite database '.*' is busy$`).Match(output)
}

// run runs a command. Access may be denied, but any other failure is an error.
func (s *secretsBox) run(args ...string) {
	s.t.Helper()
	output, err := s.command("env", args...).CombinedOutput()
	for err != nil && storeBusy(output) {
		output, err = s.command("env", args...).CombinedOutput()
	}
	if err != nil && !strings.Contains(string(output), "401 Unauthorized") && !strings.Contains(string(output), "but none were given") {
		s.t.Errorf("%s: %v\n%s", strings.Join(args, " "), err, output)
	}
	if strings.Contains(string(output), "secret") {
		s.t.Errorf("%s: the output contains the password:\n%s", strings.Join(args, " "), output)
	}
}
