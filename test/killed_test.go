package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hocker/test/faults"
	"hocker/test/servers"
)

// killedRow is a row of TestKilled. Its commands are shell commands that run in a folder
// with an empty folder tmp, which is TMPDIR. $R is a registry that stalls in layers while
// the first one runs, $B has files and programs, and $P is a pipe without data.
type killedRow struct {
	name string
	// run is killed once there is a file of the pattern left, which it leaves. If run is
	// empty, the test writes such a file.
	run, left string
	// again ends with the code, and leaves the file kept alone.
	again string
	code  int
	kept  string
}

const partOut, partTmp = ".hocker-*.part", "tmp/.hocker-*.part"

var killedRows = []killedRow{
	{name: "layer", run: `hocker-layer -l 0 -o out $R/demo/app:1`, left: partOut,
		again: `hocker-layer -l 0 -o out $R/demo/app:1`, kept: "out"},
	{name: "layer --continue", run: `hocker-layer -l 0 --continue kept -o out $R/demo/app:1`, left: "kept",
		again: `hocker-layer -l 0 --continue kept -o out $R/demo/app:1`, kept: "out"},
	{name: "layer --decompress", run: `hocker-layer --decompress -l 0 -o out $R/demo/app:1`, left: partOut,
		again: `hocker-layer --decompress -l 0 -o out $R/demo/app:1`, kept: "out"},
	{name: "image", run: `hocker-image -o out $R/demo/app:1`, left: partOut, again: `hocker-image -o out $R/demo/app:1`, kept: "out"},
	{name: "image, OCI layout", run: `hocker-image --format oci-layout -o out $R/demo/app:1`, left: partOut,
		again: `hocker-image --format oci-layout -o out $R/demo/app:1`, kept: "out"},
	{name: "image to standard output", run: `hocker-image $R/demo/app:1 >out`, left: partTmp,
		again: `hocker-image $R/demo/app:1 >out`, kept: "out"},
	{name: "prefetch", run: `env PATH=$B/slow:$B:$PATH hocker prefetch $B/lock.json`, left: partTmp,
		again: `env PATH=$B:$PATH hocker prefetch $B/lock.json`, code: 1}, // $B has no real nix-store
	{name: "prefetch of a pipe", run: `env PATH=$B:$PATH hocker prefetch /dev/stdin <<<'{ }'`, left: partTmp,
		again: `PATH=$B/none $(command -v hocker) prefetch /dev/stdin <<<'{ }'`, code: 1},
	{name: "load of a pipe", run: `hocker load - <$P`, left: partTmp, again: `hocker load - </dev/null`, code: 2},

	{name: "manifest", left: partOut, again: `hocker-manifest -o out $R/demo/app:1`, kept: "out"},
	{name: "config", left: partOut, again: `hocker-config -o out $R/demo/app:1`, kept: "out"},
	{name: "docker2nix", left: partOut, again: `docker2nix -o out $R/demo/app:1`, kept: "out"},
	{name: "lock add", left: partOut, again: `hocker lock add --file out $R/demo/app:1`, kept: "out"},
	{name: "lock remove", left: partOut, again: `cp $B/lock.json out && hocker lock remove --file out app`, kept: "out"},
}

// TestKilled kills commands, so that they cannot tidy up, and runs them again. Nothing is
// left but the result.
func TestKilled(t *testing.T) {
	t.Parallel()
	servers.Require(t, "bash")
	w := newWorkplace(t, "killed")
	registry := faults.New()
	image, err := addFaultyImage(registry, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	host, files := serve(t, registry).Host(), filepath.Join(w.dir, "files")
	for name, value := range map[string]string{"R": host, "B": files, "P": filepath.Join(files, "pipe"), "NIX_STORE_DIR": "/nix/store"} {
		w.setenv(name, value)
	}
	prepare := exec.Command("bash", "-c", `set -e; mkdir -p "$B" && cd "$B" && mkfifo pipe
		printf '#!/bin/sh\nfor path; do case $path in /*) echo $path ;; esac done\n' >nix-store
		printf '#!/bin/sh\nexec cat $P\n' >nix-instantiate
		mkdir slow && printf '#!/bin/sh\ncase "$*" in *--add*) exec cat $P ;; esac\nexec $B/nix-store "$@"\n' >slow/nix-store
		chmod +x nix-store slow/nix-store nix-instantiate
		hocker lock add --file lock.json $R/demo/app:1`)
	prepare.Env = w.environ
	if output, err := prepare.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	writer, err := os.OpenFile(filepath.Join(files, "pipe"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	for i, row := range killedRows {
		t.Run(row.name, func(t *testing.T) {
			dir := filepath.Join(w.dir, fmt.Sprint("row", i))
			if err := os.MkdirAll(filepath.Join(dir, "tmp"), 0o755); err != nil {
				t.Fatal(err)
			}
			environ := append(w.environ, "TMPDIR="+filepath.Join(dir, "tmp"))
			registry.Heal()
			if row.run == "" {
				write(t, filepath.Join(dir, strings.Replace(row.left, "*", "0123abcd", 1)))
			} else {
				registry.Add("stall after=1000 path=" + image.layerDigest.String())
				row.kill(t, dir, environ)
				registry.Heal()
			}
			row.runAgain(t, dir, environ)
		})
	}
}

func write(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, []byte("left"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// kill runs the command, and kills it once it has written what it leaves.
func (row *killedRow) kill(t *testing.T, dir string, environ []string) {
	t.Helper()
	cmd := exec.Command("bash", "-c", "exec "+row.run)
	output, err := newSaid()
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	cmd.Dir, cmd.Env, cmd.Stderr = dir, environ, output.File
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	defer cmd.Process.Kill()
	deadline := time.After(patience)
	for !row.hasLeft(t, dir) {
		select {
		case err := <-ended:
			t.Fatalf("it ended before it could be killed: %v\n%s", err, output)
		case <-deadline:
			t.Fatalf("there is no %s", row.left)
		case <-time.After(askAgain):
		}
	}
	_ = cmd.Process.Kill() // fails only if the process has ended
	<-ended
	if cmd.ProcessState.ExitCode() != -1 || !row.hasLeft(t, dir) {
		t.Fatalf("%v, and %s is left: %v\n%s", cmd.ProcessState, row.left, row.hasLeft(t, dir), output)
	}
}

func (row *killedRow) hasLeft(t *testing.T, dir string) bool {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(dir, row.left))
	if err != nil {
		t.Fatal(err)
	}
	return len(left) > 0
}

func (row *killedRow) runAgain(t *testing.T, dir string, environ []string) {
	t.Helper()
	cmd := exec.Command("bash", "-c", row.again)
	cmd.Dir, cmd.Env = dir, environ
	output, _ := cmd.CombinedOutput() // the exit code is compared
	if code := cmd.ProcessState.ExitCode(); code != row.code {
		t.Errorf("exit code %d, want %d\n%s", code, row.code, output)
	}
	var left []string
	for _, folder := range []string{"", "tmp"} {
		entries, err := os.ReadDir(filepath.Join(dir, folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if entry.Name() != "tmp" {
				left = append(left, entry.Name())
			}
		}
	}
	if got := strings.Join(left, " "); got != row.kept {
		t.Errorf("left %q, want %q", got, row.kept)
	}
}
