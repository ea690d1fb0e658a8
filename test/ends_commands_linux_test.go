package test

import "strings"

// endCommand is a row of TestEnds: a command.
type endCommand struct {
	name string
	// run is a shell command. It runs in a folder that contains only the empty
	// folders out and tmp. The registry $S has demo/app:1; it is $R, or one that
	// never answers. The registry $P has the same image and requires a login. $F has
	// a manifest, a lock file and an expression of the image, and image, a folder as
	// the Nix functions build it.
	run string
	// hang replaces run where the command has to block. If it is empty, run is used
	// with a registry that never answers.
	hang string
	// waits reports whether the command is blocked; nil if it never blocks.
	waits func(*endRun) bool

	readsStdin   bool
	stdinClosed  int // the exit code with a closed standard input
	writesStdout bool
	// notOne is set for lock check and lock outdated, whose exit code 1 is an answer.
	notOne bool
}

// unwritten returns the exit code if the command cannot write its result.
func (c endCommand) unwritten() int {
	if c.notOne {
		return 2
	}
	return 1
}

// asked reports whether the command has sent a request that is never answered.
func asked(r *endRun) bool { return len(r.silent.Requests()) > 0 || r.engines.asked() }

// begun reports whether the command is reading the endless file or the empty pipe.
func begun(r *endRun) bool { return r.hasOpen(r.endless) || r.hasOpen(r.pipe) }

// readsPipe reports whether the command waits for data on its standard input. An open
// descriptor is no proof, since the shell has opened it.
func readsPipe(r *endRun) bool { return r.sleepsIn("pipe_read") }

func lockHeld(r *endRun) bool {
	return strings.Contains(r.stderr.String(), "waiting for another program")
}

const (
	// fetchEnv and buildEnv are the variables that Nix passes to a builder.
	fetchEnv = `out=$PWD/out/x registry=http://$S/v2/ repository=demo imageName=app tag=1 exec hocker fetch `
	buildEnv = `out=$PWD/out/x builder=hocker `
	rootfs   = `facts=$PWD/out/facts `
	built    = `built=$F/image exec hocker build `
	endless  = `built=$F/pipe exec hocker build `
)

var endCommands = []endCommand{
	{name: "help", run: `exec hocker --help`, writesStdout: true},
	{name: "version", run: `exec hocker --version`, writesStdout: true},
	{name: "manifest", run: `exec hocker-manifest $S/demo/app:1`, waits: asked, writesStdout: true},
	{name: "manifest --password-stdin", run: `exec hocker-manifest -u me --password-stdin $S/demo/app:1 <$F/password`,
		hang: `exec hocker-manifest -u me --password-stdin $S/demo/app:1 <$F/pipe/image.json`, waits: readsPipe, writesStdout: true},
	{name: "config", run: `exec hocker-config $S/demo/app:1`, waits: asked, writesStdout: true},
	{name: "layer", run: `exec hocker-layer -l 0 $S/demo/app:1`, waits: asked, writesStdout: true},
	{name: "layer --decompress", run: `exec hocker-layer --decompress -l 0 $S/demo/app:1`, waits: asked, writesStdout: true},
	{name: "layer --out", run: `exec hocker-layer --out out/layer -l 0 $S/demo/app:1`, waits: asked},
	{name: "layer --out PIPE", run: `exec hocker-layer --out out/layer -l 0 $S/demo/app:1`,
		hang: `mkfifo pipe && S=$R && exec hocker-layer --out pipe -l 0 $S/demo/app:1`, waits: func(r *endRun) bool { return opensPipe(r.cmd.Process.Pid) }},
	{name: "layer --continue", run: `exec hocker-layer --continue part --out out/layer -l 0 $S/demo/app:1`, waits: asked},
	{name: "image", run: `exec hocker-image $S/demo/app:1`, waits: asked, writesStdout: true},
	{name: "image --out", run: `exec hocker-image --out out/app.tar $S/demo/app:1`, waits: asked},
	{name: "image, OCI layout", run: `exec hocker-image --format oci-layout --out out/app $S/demo/app:1`, waits: asked},
	{name: "docker2nix REFERENCE", run: `exec docker2nix $S/demo/app:1`, waits: asked, writesStdout: true},
	{name: "docker2nix NAME TAG", run: `exec docker2nix --registry http://$S/v2/ demo/app 1`, waits: asked,
		readsStdin: true, writesStdout: true},
	{name: "docker2nix --manifest -", run: `exec docker2nix --manifest - $S/demo/app:1 <$F/manifest.json`,
		hang: `exec docker2nix --manifest - $S/demo/app:1 <$F/pipe/image.json`, waits: readsPipe, writesStdout: true},
	{name: "docker2nix --manifest FILE", run: `exec docker2nix --manifest $F/manifest.json $S/demo/app:1`,
		hang: `exec docker2nix --manifest $F/pipe/image.json $S/demo/app:1`, waits: begun, writesStdout: true},
	{name: "a helper that hangs", run: `exec hocker-manifest $S/demo/app:1`, writesStdout: true,
		hang:  `DOCKER_CONFIG=$F/hangs PATH=$F/hangs:$PATH exec hocker-manifest $P/demo/app:1`,
		waits: func(r *endRun) bool { return strings.Contains(r.stderr.String(), "the helper has begun") }},
	{name: "tags", run: `exec hocker tags $S/demo/app`, waits: asked, writesStdout: true},
	{name: "inspect", run: `exec hocker inspect $S/demo/app:1`, waits: asked, writesStdout: true},
	{name: "inspect PATH", run: `exec hocker inspect $F/image`, hang: `exec hocker inspect $F/pipe`, waits: begun, writesStdout: true},
	{name: "diff", run: `exec hocker diff $F/image $S/demo/app:1`, waits: asked, writesStdout: true},
	{name: "lock add", run: `exec hocker lock add $S/demo/app:1`, waits: asked, writesStdout: true},
	{name: "lock add --from -", run: `echo "services: {a: {image: \"$R/demo/app:1\"}}" >a.yaml && exec hocker lock add --from - <a.yaml`,
		hang: `exec hocker lock add --from - <$F/pipe/image.json`, waits: readsPipe, writesStdout: true},
	{name: "lock add --from PIPE", run: `echo "services: {a: {image: \"$R/demo/app:1\"}}" >a.yaml && exec hocker lock add --from a.yaml`,
		hang: `exec hocker lock add --from $F/pipe/image.json`, waits: begun, writesStdout: true},
	{name: "lock update", run: `cp $F/lock.json . && exec hocker lock update --file lock.json`,
		hang: `sed s/$R/$S/g $F/lock.json >lock.json && exec hocker lock update --file lock.json`, waits: asked, writesStdout: true},
	{name: "lock check", run: `exec hocker lock check --json --file $F/lock.json`,
		hang: `sed s/$R/$S/g $F/lock.json >lock.json && exec hocker lock check --file lock.json`, waits: asked, writesStdout: true, notOne: true},
	{name: "lock outdated", run: `exec hocker lock outdated --json --file $F/lock.json`,
		hang: `sed s/$R/$S/g $F/lock.json >lock.json && exec hocker lock outdated --file lock.json`, waits: asked, writesStdout: true, notOne: true},
	{name: "lock list", run: `exec hocker lock list --file $F/lock.json`,
		hang: `exec hocker lock list --file $F/pipe/image.json`, waits: begun, writesStdout: true},
	{name: "lock remove", run: `cp $F/lock.json . && exec hocker lock remove --file lock.json app`,
		hang: `exec hocker lock remove --file $F/held/lock.json app`, waits: lockHeld, writesStdout: true},
	{name: "verify", run: `exec hocker verify --policy $F/policy.json $R/demo/app:1`,
		hang: `exec hocker verify --policy $F/policy.json $S/demo/app:1`, waits: asked, writesStdout: true},
	{name: "verify PATH", run: `XDG_CACHE_HOME=$F/cache exec hocker verify --key $F/cosign.pub $F/manifest.json`,
		hang: `exec hocker verify --key $F/pipe/image.json $F/manifest.json`, waits: begun, writesStdout: true},
	{name: "prefetch", run: `PATH=$F/present:$PATH exec hocker prefetch $F/lock.json`,
		hang: `sed s/$R/$S/g $F/lock.json >lock.json && PATH=$F/missing:$PATH exec hocker prefetch lock.json`, waits: asked, writesStdout: true},
	{name: "prefetch, nix-store", run: `PATH=$F/present:$PATH exec hocker prefetch $F/lock.json`,
		hang:  `PATH=$F/hangs:$PATH exec hocker prefetch $F/lock.json`,
		waits: func(r *endRun) bool { return r.exists("begun") }, writesStdout: true},
	{name: "compose", run: `exec hocker compose $F/image`,
		hang: `exec hocker compose $F/pipe`, waits: begun, writesStdout: true},
	{name: "load", run: `DOCKER_HOST=unix://$F/engine exec hocker load $F/image`,
		hang: `DOCKER_HOST=unix://$F/silent exec hocker load $F/image`, waits: asked, writesStdout: true},
	{name: "fetch layer", run: `outputHash=$LAYER ` + fetchEnv + `layer`, waits: asked},
	{name: "fetch config", run: `outputHash=$CONFIG ` + fetchEnv + `config`, waits: asked},
	{name: "fetch manifest", run: `outputHash=$MANIFEST ` + fetchEnv + `manifest`, waits: asked},
	{name: "build image", run: buildEnv + `spec=$SPEC exec hocker build image`,
		hang: buildEnv + `spec=$VERIFY exec hocker build image`, waits: begun},
	{name: "build archive", run: buildEnv + `spec=$SPEC exec hocker build archive`,
		hang: buildEnv + `spec=$ENDLESS exec hocker build archive`, waits: begun},
	{name: "build stream", run: buildEnv + built + `stream`, hang: buildEnv + endless + `stream`, waits: begun},
	{name: "build oci", run: buildEnv + built + `oci`, hang: buildEnv + endless + `oci`, waits: begun},
	{name: "build nix2container", run: buildEnv + built + `nix2container`, hang: buildEnv + endless + `nix2container`, waits: begun},
	{name: "build manifest", run: buildEnv + built + `manifest`, hang: buildEnv + endless + `manifest`, waits: begun},
	{name: "build erofs-layer", run: buildEnv + `layer=$F/none compression=zstd mkfs=$F/present/mkfs.erofs exec hocker build erofs-layer`,
		hang:  buildEnv + `layer=$F/none compression=zstd mkfs=$F/hangs/mkfs.erofs exec hocker build erofs-layer`,
		waits: func(r *endRun) bool { return r.exists("begun") }},
	{name: "build rootfs", run: buildEnv + rootfs + `spec=$SPEC mkfs=$F/present/mkfs.erofs exec hocker build rootfs`,
		hang: buildEnv + rootfs + `spec=$ENDLESS mkfs=$F/present/mkfs.erofs exec hocker build rootfs`, waits: begun},
	{name: "build rootfs, mkfs.erofs", run: buildEnv + rootfs + `spec=$SPEC mkfs=$F/present/mkfs.erofs exec hocker build rootfs`,
		hang:  buildEnv + rootfs + `spec=$SPEC compression=zstd mkfs=$F/hangs/mkfs.erofs exec hocker build rootfs`,
		waits: func(r *endRun) bool { return r.exists("begun") }},
	{name: "build load", run: buildEnv + built + `load`, hang: buildEnv + endless + `load`, waits: begun},
}
