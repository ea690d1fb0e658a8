package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"hocker/test/images"
	"hocker/test/servers"
)

// commands are the script commands in addition to testscript's own. The script chooses
// each NAME. It becomes an environment variable, so use upper case.
//
// Setup:
//
//	needs PART...                skip (with CI=true: fail) if this machine lacks a part: a command, root, nixbld
//	registry NAME anon|basic|token [OPTION...]
//	                             start a docker-registry; sets NAME to host:port, NAME_PORT, NAME_USER, NAME_PASS
//	    user=NAME:PASSWORD         instead of tester:secret
//	    redirect                   blobs are on another server, NAME.blobs (NAME_BLOBS)
//	    anonymous                  token: anyone may pull; the token service is NAME.tokens (NAME_TOKENS)
//	    uses=2                     token: number of requests for which the registry accepts a pull token
//	    expires-in=300             token: lifetime that the service reports, which may be wrong; -1 to omit it
//	    field=token|access_token   token: the only field with the token, instead of both
//	    identity                   token: docker login gets an identity token
//	    schema1                    the registry accepts schema 1 manifests too
//	proxy NAME HOST:PORT [OPTION...]
//	                             start nginx as a reverse proxy of a registry; sets NAME, NAME_PORT and with tls
//	                             NAME_CA, a file
//	    tls                        with a certificate of a private authority
//	    http2                      with tls: offer HTTP/2
//	    prefix=/PATH               the registry is at /PATH/v2/
//	    basic=NAME:PASSWORD        nginx asks for credentials
//	    open-ping                  except for requests to /v2/ itself
//	forward NAME http|socks5 [user=NAME:PASSWORD]
//	                             start a forward proxy, tinyproxy or microsocks; sets NAME, NAME_PORT
//	link NAME HOST:PORT [OPTION...]
//	                             start a proxy with a faulty connection to a registry; sets NAME, NAME_PORT
//	    cut=BYTES                  cut every body after this many bytes
//	    rate=BYTES                 limit bodies to this many bytes a second
//	    hold=BYTES                 hold the rest of a body until the link is released
//	release NAME                 stop holding back bodies in a link
//	static NAME                  start nginx with the files below ./NAME, for what docker-registry cannot serve;
//	                             sets NAME, NAME_PORT; push can write to it
//	server-stop NAME             stop a registry or proxy, so that it refuses connections
//	server-start NAME            start it again, with the same address and content
//	push NAME REPOSITORY:TAG VARIANT [OPTION...]
//	                             push an image to a registry; VARIANT is one of docker, list, oci, oci-index,
//	                             oci-tar, oci-zstd, or a rarer kind: see images/variants.go.
//	                             Sets IMAGE_DIGEST, IMAGE_MANIFEST, IMAGE_CONFIG,
//	                             IMAGE_LAYERS (their number), IMAGE_LAYER0..., IMAGE_DIFF0..., as sha256:...;
//	                             the registry forgets its requests.
//	    greeting=TEXT              the output of /hello in the image; another text makes another image
//	    bulk=MIB                   an additional layer of this size, incompressible
//	    foreign=NAME               put foreign layers on this static server
//	    as=PREFIX                  sets PREFIX_DIGEST and so on
//	blob NAME remove|corrupt|truncate DIGEST
//	                             damage a blob in a registry's storage
//	dockerd                      set DOCKER_HOST to a Docker daemon that the scripts of a run share
//	dockerd own                  start one for this script, without layers from other scripts
//	dockerd tls                  start one for this script that also listens with TLS; sets DOCKER_TCP, its
//	                             HOST:PORT, and DOCKER_CERTS, a folder for DOCKER_CERT_PATH
//	sshd [VARIABLE=VALUE...]     start an sshd with these variables in its sessions; ssh finds it as "builder"
//	containerd                   start a containerd for this script; sets CONTAINERD_ADDRESS, for ctr
//	systemd UNITS [SOURCE=TARGET...]
//	                             start a systemd with the units in a folder, which may run programs in $WORK;
//	                             the file SOURCE is also at TARGET. "inside PROGRAM [ARG...]" runs a program in
//	                             systemd's namespaces; OUTPUT is a file with the units' output
//	suite SUITE PACKAGE...       put the commands of packages of a Debian suite first in PATH; sets SUITE_TREE,
//	                             the folder with their /usr
//	nixstore                     give Nix an empty store for this script, with the sandbox on;
//	                             ./functions.nix is a set of the fetch functions, with the binary under test.
//	                             A script with this command runs on every version of Nix: see
//	                             nix_versions_test.go. [nix>=2.19] is a condition.
//	                             A second call makes a new store, if the script has moved the first one away
//	erofsutils SUITE [DIR]       write a derivation of mkfs.erofs, from the erofs-utils of a Debian suite, to
//	                             ./erofs-utils or DIR; functions.nix finds it in the former
//	nixdaemon [VARIABLE=VALUE...]
//	                             serve that store by a nix-daemon with these variables in its environment;
//	                             it reads NIX_CONFIG too
//	nixmachine [VARIABLE=VALUE...]
//	                             start another machine with an empty store: ssh://builder, ssh-ng://builder;
//	                             with these variables in its environment; sets MACHINE_STORE, its store as a
//	                             path on this machine
//	tmpfs DIR SIZE               mount a file system of SIZE (such as "1m") at DIR until the script ends
//
// Running programs:
//
//	exits N PROGRAM [ARG...]     like exec, but the exit code must be N
//	peak MIB PROGRAM [ARG...]    run a program; exit with 99 if it ever had more than MIB resident.
//	                             It combines with the others: exits 5 peak 32 hocker-layer ...
//	says PROGRAM [ARG...]        like exec, for a program that runs a container which prints something.
//	                             Engines may lose the output; then the program is run again
//	capture VARIABLE PROGRAM [ARG...]
//	                             run a program and set VARIABLE to its output, trimmed
//	start, await, signal, ends   programs in the background, and conditions to wait for before a signal:
//	                             see background_test.go
//	terminal, type               programs on a terminal: see terminal_linux_test.go
//
// Assertions:
//
//	requests NAME                print the requests of a server: METHOD PATH STATUS agent= auth= range= encoding= host= remote=
//	requests NAME N PATTERN      N (or <=N, >=N) of these lines match; more may follow
//	forget NAME                  forget the requests so far
//	digest FILE DIGEST           FILE (or stdout, stderr) has this digest
//	entries DIR [NAME...]        DIR has exactly these entries
//	absent TEXT PATH...          TEXT is in no file, file name or link below the paths
var commands = map[string]func(*testscript.TestScript, bool, []string){
	"needs":        needsCommand,
	"registry":     registryCommand,
	"proxy":        proxyCommand,
	"forward":      forwardCommand,
	"link":         linkCommand,
	"release":      releaseCommand,
	"static":       staticCommand,
	"server-stop":  serverStopCommand,
	"server-start": serverStartCommand,
	"push":         pushCommand,
	"blob":         blobCommand,
	"dockerd":      dockerdCommand,
	"sshd":         sshdCommand,
	"containerd":   containerdCommand,
	"systemd":      systemdCommand,
	"suite":        suiteCommand,
	"nixstore":     nixstoreCommand,
	"erofsutils":   erofsutilsCommand,
	"nixdaemon":    nixdaemonCommand,
	"nixmachine":   nixmachineCommand,
	"tmpfs":        tmpfsCommand,
	"exits":        exitsCommand,
	"says":         saysCommand,
	"capture":      captureCommand,
	"requests":     requestsCommand,
	"forget":       forgetCommand,
	"digest":       digestCommand,
	"entries":      entriesCommand,
	"absent":       absentCommand,
}

// check fails the script if a command is not used according to usage.
func check(ts *testscript.TestScript, neg, ok bool, usage string) {
	if neg || !ok {
		ts.Fatalf("usage: %s", usage)
	}
}

// options splits KEY=VALUE and KEY arguments; an unknown key fails the script.
func options(ts *testscript.TestScript, args []string, known ...string) map[string]string {
	found := map[string]string{}
	for _, arg := range args {
		key, value, _ := strings.Cut(arg, "=")
		if !strings.Contains(" "+strings.Join(known, " ")+" ", " "+key+" ") {
			ts.Fatalf("unknown option %q, expected one of %q", key, known)
		}
		found[key] = value
	}
	return found
}

// has reports whether an option was given, with or without a value.
func has(options map[string]string, key string) bool {
	_, ok := options[key]
	return ok
}

// account reads NAME:PASSWORD.
func account(text string) servers.Account {
	name, password, _ := strings.Cut(text, ":")
	return servers.Account{Username: name, Password: password}
}

// number reads a number, 0 if there is none.
func number(ts *testscript.TestScript, text string) int {
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	ts.Check(err)
	return n
}

func needsCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) > 0, "needs PART...")
	need(ts, args...)
}

// need skips or fails the script unless the machine has the parts.
func need(ts *testscript.TestScript, parts ...string) {
	servers.Require(scriptT{ts, scriptOf(ts).t}, parts...)
}

// scriptT reports failures through the script, which shows its lines.
type scriptT struct {
	ts *testscript.TestScript
	t  testscript.T
}

func (s scriptT) Skip(args ...any)  { s.t.Skip(args...) }
func (s scriptT) Fatal(args ...any) { s.ts.Fatalf("%s", fmt.Sprint(args...)) }

func registryCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) >= 2, "registry NAME anon|basic|token [OPTION...]")
	name, kind := args[0], args[1]
	given := options(ts, args[2:], "user", "redirect", "anonymous", "uses", "expires-in", "field", "identity", "schema1")
	need(ts, "docker-registry")
	who := servers.Account{Username: "tester", Password: "secret"}
	if has(given, "user") {
		who = account(given["user"])
	}
	wanted := servers.RegistryOptions{Redirect: has(given, "redirect"), Schema1: has(given, "schema1")}
	if wanted.Redirect {
		need(ts, "nginx", "root")
	}
	switch kind {
	case "anon":
	case "basic":
		need(ts, "htpasswd")
		wanted.Basic = &who
	case "token":
		wanted.Token = tokenOptions(ts, who, given)
	default:
		ts.Fatalf("unknown kind of registry %q, expected anon, basic or token", kind)
	}
	registry, err := servers.StartRegistry(wanted)
	ts.Check(err)
	s := scriptOf(ts)
	s.add(ts, name, registry)
	if registry.Tokens != nil {
		s.add(ts, name+".tokens", registry.Tokens)
	}
	if registry.Blobs != nil {
		s.add(ts, name+".blobs", registry.Blobs)
	}
	if shown := registry.Account(); shown != nil {
		ts.Setenv(name+"_USER", shown.Username)
		ts.Setenv(name+"_PASS", shown.Password)
	}
}

// tokenOptions reads the options of registry NAME token.
func tokenOptions(ts *testscript.TestScript, who servers.Account, given map[string]string) *servers.TokenOptions {
	return &servers.TokenOptions{
		Account:   who,
		Anonymous: has(given, "anonymous"),
		Uses:      number(ts, given["uses"]),
		ExpiresIn: number(ts, given["expires-in"]),
		Field:     given["field"],
		Identity:  has(given, "identity"),
	}
}

func proxyCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) >= 2, "proxy NAME HOST:PORT [OPTION...]")
	name := args[0]
	given := options(ts, args[2:], "tls", "http2", "prefix", "basic", "open-ping")
	need(ts, "nginx", "root")
	wanted := servers.NginxOptions{Upstream: args[1], Prefix: given["prefix"], HTTP2: has(given, "http2"), OpenPing: has(given, "open-ping")}
	if has(given, "basic") {
		need(ts, "htpasswd")
		who := account(given["basic"])
		wanted.Basic = &who
	}
	if has(given, "tls") {
		authority, err := shared.authority()
		ts.Check(err)
		wanted.Authority = authority
		file := ts.MkAbs(filepath.Join(ts.Getenv("WORK"), name+".pem"))
		ts.Check(os.WriteFile(file, authority.Certificate(), 0o644))
		ts.Setenv(name+"_CA", file)
	}
	nginx, err := servers.StartNginx(wanted)
	ts.Check(err)
	scriptOf(ts).add(ts, name, nginx)
}

func forwardCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) >= 2 && (args[1] == "http" || args[1] == "socks5"), "forward NAME http|socks5 [user=NAME:PASSWORD]")
	given := options(ts, args[2:], "user")
	wanted := servers.ForwardOptions{Socks: args[1] == "socks5"}
	if wanted.Socks {
		need(ts, "microsocks")
	} else {
		need(ts, "tinyproxy")
	}
	if has(given, "user") {
		who := account(given["user"])
		wanted.Account = &who
	}
	forward, err := servers.StartForward(wanted)
	ts.Check(err)
	scriptOf(ts).add(ts, args[0], forward)
}

func linkCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) >= 2, "link NAME HOST:PORT [OPTION...]")
	given := options(ts, args[2:], "cut", "rate", "hold")
	link, err := servers.StartLink(args[1], servers.LinkOptions{
		CutAfter:  int64(number(ts, given["cut"])),
		Rate:      int64(number(ts, given["rate"])),
		HoldAfter: int64(number(ts, given["hold"])),
	})
	ts.Check(err)
	scriptOf(ts).add(ts, args[0], link)
}

func releaseCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) == 1, "release NAME")
	link, ok := scriptOf(ts).find(ts, args[0]).(*servers.Link)
	if !ok {
		ts.Fatalf("%s is not a link", args[0])
	}
	link.Release()
}

func staticCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) == 1, "static NAME")
	need(ts, "nginx", "root")
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	nginx, err := servers.StartNginx(servers.NginxOptions{Root: dir})
	ts.Check(err)
	scriptOf(ts).add(ts, args[0], nginx)
}

func serverStopCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) == 1, "server-stop NAME")
	halterOf(ts, args[0]).Halt()
}

func serverStartCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) == 1, "server-start NAME")
	ts.Check(halterOf(ts, args[0]).Start())
}

// halterOf finds a server that can be stopped and started.
func halterOf(ts *testscript.TestScript, name string) halter {
	h, ok := scriptOf(ts).find(ts, name).(halter)
	if !ok {
		ts.Fatalf("%s cannot be stopped and started", name)
	}
	return h
}

func pushCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) >= 3, "push NAME REPOSITORY:TAG VARIANT [OPTION...]")
	given := options(ts, args[3:], "greeting", "bulk", "as", "foreign")
	need(ts, "skopeo", "busybox")
	spec := images.Spec{Variant: args[2], Greeting: given["greeting"], BulkMiB: number(ts, given["bulk"])}
	if has(given, "foreign") {
		spec.Foreign = "http://" + scriptOf(ts).find(ts, given["foreign"]).Addr()
	}
	image, err := push(ts, spec, args[0], args[1])
	ts.Check(err)
	if has(given, "foreign") {
		ts.Check(image.WriteForeign(ts.MkAbs(given["foreign"])))
	}
	for name, found := range scriptOf(ts).servers {
		if name == args[0] || strings.HasPrefix(name, args[0]+".") {
			ts.Check(found.Forget())
		}
	}
	prefix := "IMAGE"
	if has(given, "as") {
		prefix = given["as"]
	}
	ts.Setenv(prefix+"_DIGEST", image.Digest.String())
	ts.Setenv(prefix+"_MANIFEST", image.Manifest.String())
	ts.Setenv(prefix+"_CONFIG", image.Config.String())
	ts.Setenv(prefix+"_LAYERS", strconv.Itoa(len(image.Layers)))
	for i, layer := range image.Layers {
		ts.Setenv(fmt.Sprintf("%s_LAYER%d", prefix, i), layer.String())
	}
	for i, id := range image.DiffIDs { // empty for artifacts
		ts.Setenv(fmt.Sprintf("%s_DIFF%d", prefix, i), id.String())
	}
}

// push pushes an image to a server: a registry or a static one.
func push(ts *testscript.TestScript, spec images.Spec, server, name string) (*images.Image, error) {
	if _, ok := scriptOf(ts).find(ts, server).(*servers.Nginx); ok {
		return shared.images.Write(spec, ts.MkAbs(server), name)
	}
	return shared.images.Push(spec, scriptOf(ts).registry(ts, server), name)
}

func blobCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) == 3, "blob NAME remove|corrupt|truncate DIGEST")
	path, err := scriptOf(ts).registry(ts, args[0]).BlobPath(args[2])
	ts.Check(err)
	data, err := os.ReadFile(path)
	ts.Check(err)
	switch args[1] {
	case "remove":
		ts.Check(os.Remove(path))
	case "corrupt":
		data[len(data)/2] ^= 1
		ts.Check(os.WriteFile(path, data, 0o644))
	case "truncate":
		ts.Check(os.Truncate(path, int64(len(data)/2)))
	default:
		ts.Fatalf("cannot %s a blob", args[1])
	}
}

func dockerdCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) == 0 || len(args) == 1 && (args[0] == "own" || args[0] == "tls"), "dockerd [own | tls]")
	need(ts, "root", "dockerd", "docker")
	if len(args) == 0 {
		docker, err := shared.docker.get()
		ts.Check(err)
		ts.Setenv("DOCKER_HOST", docker.Host())
		return
	}
	var options servers.DockerOptions
	if args[0] == "tls" {
		var err error
		options.Authority, err = shared.authority()
		ts.Check(err)
	}
	docker, err := servers.StartDocker(options)
	ts.Check(err)
	s := scriptOf(ts)
	s.atEnd = append(s.atEnd, func() { s.stop("dockerd", docker) })
	ts.Setenv("DOCKER_HOST", docker.Host())
	ts.Setenv("DOCKER_TCP", docker.TCP())
	ts.Setenv("DOCKER_CERTS", docker.Certificates())
}

func sshdCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, true, "sshd [VARIABLE=VALUE...]")
	need(ts, "root", "unshare", "mount", "sshd", "ssh", "ssh-keygen")
	s := scriptOf(ts)
	sshd, err := servers.StartSSHD(append([]string{"PATH=" + os.Getenv("PATH")}, args...), "", "")
	ts.Check(err)
	s.atEnd = append(s.atEnd, func() { s.stop("sshd", sshd) })
	ts.Setenv("PATH", sshd.Bin()+string(os.PathListSeparator)+ts.Getenv("PATH"))
}

func containerdCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) == 0, "containerd")
	need(ts, "root", "containerd", "ctr")
	containerd, err := servers.StartContainerd(servers.ContainerdOptions{})
	ts.Check(err)
	ts.Setenv("CONTAINERD_ADDRESS", containerd.Address())
	s := scriptOf(ts)
	s.atEnd = append(s.atEnd, func() {
		if err := containerd.Stop(); err != nil {
			s.t.Log(fmt.Sprintf("stopping containerd: %v", err))
		}
	})
}

func tmpfsCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) == 2, "tmpfs DIR SIZE")
	need(ts, "root", "mount")
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	output, err := exec.Command("mount", "-t", "tmpfs", "-o", "mode=0755,size="+args[1], "tmpfs", dir).CombinedOutput()
	if err != nil {
		ts.Fatalf("mount: %v: %s", err, output)
	}
	s := scriptOf(ts)
	s.atEnd = append(s.atEnd, func() {
		if output, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			s.t.Log(fmt.Sprintf("umount: %v: %s", err, output))
		}
	})
}
