package test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"hocker/test/faults"
	"hocker/test/servers"

	"github.com/opencontainers/go-digest"
)

// attackRow is an attack on a command: a row of TestHostileRegistry. run is a shell
// command in an empty folder; $R is the registry.
type attackRow struct {
	attack string
	faults []string
	run    string
	code   int
	// kept lists the files that the command may leave. An attack that fails leaves none.
	kept string
}

const (
	// attackMemory is the most memory that a command may have resident, in MiB. Most rows
	// have 10 to 30, an image of 10,000 layers has up to 55: the garbage collector runs
	// when the heap has doubled, so the time does not matter, but every processor has
	// buffers of its own. There are attackProcessors.
	attackMemory     = 64
	attackProcessors = "4"
	// attackTime is far more than any row takes, except one that holds its command for
	// ever. Rows that would wait give a limit of their own.
	attackTime = 3 * time.Minute
)

// builderOf is the environment of a builder, up to the hash.
const builderOf = `out=$PWD/out registry=http://$R/v2/ repository= imageName=app tag=t outputHashAlgo=sha256 outputHashMode=flat NIX_LOG_FD=2 outputHash=`

var attackRows = []attackRow{
	{"endless manifest", []string{"endless path=/manifests/"}, `hocker-manifest -o out $R/app:t`, 1, ""},
	{"endless manifest", []string{"endless path=/manifests/"}, `docker2nix -o out $R/app:t`, 1, ""},
	{"endless manifest", []string{"endless path=/manifests/"}, `hocker lock add --file out.json $R/app:t`, 1, ""},
	{"endless manifest", []string{"endless path=/manifests/"}, `hocker lock add --file out.json --from $FILES/compose.yaml`, 1, ""},
	{"endless manifest", []string{"endless path=/manifests/"}, `hocker inspect -o out $R/app:t`, 1, ""},
	{"endless manifest", []string{"endless path=/manifests/"}, `hocker diff -o out $R/app:t $R/app:t`, 1, ""},
	{"endless manifest", []string{"endless path=/manifests/"}, builderOf + `$MANIFEST hocker fetch manifest`, 1, ""},
	{"endless tags", []string{"endless path=/tags/"}, `hocker tags $R/app`, 1, ""},
	{"endless tags", []string{"endless path=/tags/"}, `hocker lock add --follow newest:* --file out.json $R/app:t`, 1, ""},
	{"endless config", []string{"endless path=/blobs/"}, `hocker-config -o out $R/app:t`, 5, ""},
	{"endless config", []string{"endless path=/blobs/"}, `hocker lock add --file out.json $R/app:t`, 5, ""},
	{"endless config", []string{"endless path=/blobs/"}, `hocker lock add --file out.json --from $FILES/compose.yaml`, 5, ""},
	{"endless config", []string{"endless path=/blobs/"}, `hocker inspect -o out $R/app:t`, 5, ""},
	{"endless config", []string{"endless path=/blobs/"}, `hocker diff -o out $R/app:t $R/app:t`, 5, ""},
	{"endless config", []string{"endless path=/blobs/"}, builderOf + `$CONFIG hocker fetch config`, 1, ""},
	{"endless layer", []string{"endless path=/blobs/"}, `hocker-layer -l 0 -o out $R/app:t`, 5, ""},
	{"endless layer", []string{"endless path=/blobs/"}, `hocker-layer -l 0 --continue out.part -o out $R/app:t`, 5, ""},
	{"endless layer", []string{"endless path=$LAYER"}, `hocker-image -o out $R/app:t`, 5, ""},
	{"endless layer", []string{"endless path=/blobs/"}, builderOf + `$LAYER size=1000 hocker fetch layer`, 5, ""},
	{"endless layer", []string{"endless path=/blobs/"}, builderOf + `$LAYER maxSize=10000000 hocker fetch layer`, 1, ""},
	{"endless signatures", []string{"endless path=/referrers/", "endless path=/manifests/sha256-"}, `hocker inspect -o out $R/app:t`, 0, "out"},
	{"endless token", []string{"status code=401 path=/manifests/", "endless path=/token"}, `hocker-manifest -o out $R/app:t`, 3, ""},

	{"a byte a second", []string{"slow max=1 path=/manifests/"}, `hocker-manifest --max-time 2s -o out $R/app:t`, 6, ""},
	{"a byte a second", []string{"slow max=1 path=/blobs/"}, `hocker-layer --max-time 2s -l 0 -o out $R/app:t`, 6, ""},
	{"a byte a second", []string{"slow max=1 path=/blobs/"}, `hocker-image --max-time 2s -o out $R/app:t`, 6, ""},
	{"a byte a second", []string{"slow max=1 path=/blobs/"}, builderOf + `$LAYER HOCKER_MAX_TIME=2s hocker fetch layer`, 6, ""},
	{"silence", []string{"hang path=/tags/"}, `hocker tags --max-time 2s $R/app`, 6, ""},
	{"silence", []string{"hang path=/v2/"}, `hocker lock add --max-time 2s --file out.json $R/app:t`, 6, ""},
	{"silence", []string{"hang path=/v2/"}, `hocker lock add --max-time 2s --file out.json --from $FILES/compose.yaml`, 6, ""},
	{"silence", []string{"hang path=/tags/"}, `hocker lock outdated --max-time 2s --file $FILES/layers.json`, 6, ""},
	{"silence", []string{"stall after=10 path=/blobs/"}, builderOf + `$LAYER HOCKER_MAX_TIME=2s hocker fetch layer`, 6, ""},
	{"redirects without end", []string{"loop path=/v2/"}, `hocker-manifest -o out $R/app:t`, 6, ""},
	{"redirects without end", []string{"loop path=/tags/"}, `hocker tags $R/app`, 6, ""},
	{"redirects without end", []string{"loop path=/tags/"}, `hocker lock outdated --file $FILES/layers.json`, 6, ""},
	{"redirects without end", []string{"loop path=/v2/"}, `hocker lock add --file out.json --from $FILES/compose.yaml`, 6, ""},
	{"not HTTP", []string{"garbage after=1000 path=/v2/"}, `hocker-manifest --max-time 2s -o out $R/app:t`, 6, ""},
	{"not HTTP", []string{"garbage after=1000 path=/blobs/"}, builderOf + `$LAYER HOCKER_MAX_TIME=2s hocker fetch layer`, 6, ""},
	{"header without end", []string{"headers after=12000000 path=/v2/"}, `hocker-image --max-time 2s -o out $R/app:t`, 6, ""},
	{"redirects without end", []string{"loop path=/v2/"}, builderOf + `$LAYER hocker fetch layer`, 6, ""},

	{"other content", []string{"changed path=/blobs/"}, `hocker-config -o out $R/app:t`, 5, ""},
	{"other content", []string{"changed path=$LAYER"}, `hocker-image -o out $R/app:t`, 5, ""},
	{"other content", []string{"changed path=/blobs/"}, builderOf + `$LAYER hocker fetch layer`, 5, ""},

	{"bomb", nil, `hocker-layer --decompress -l 0 -o out --max-unpacked 50000000 $R/app:bomb`, 1, ""},
	{"bomb", nil, `hocker-image -o out --max-unpacked 50000000 $R/app:bomb`, 1, ""},
	{"bomb, the default limit", nil, `hocker-layer --decompress -l 0 $R/app:bomb >/dev/null`, 1, ""},
	{"bomb", nil, `env out=$PWD/out hocker=/hocker spec="$BOMB" hocker build image`, 1, ""},
	{"bomb", nil, `env out=$PWD/out layer=$FILES/bomb hocker build erofs-layer`, 1, ""},

	{"nested a million times", nil, `hocker-manifest --list-platforms $R/app:nested`, 1, ""},
	{"nested a million times", nil, `hocker inspect -o out $R/app:nested`, 1, ""},
	{"nested a million times", nil, `hocker lock add --file out.json $R/app:nested`, 1, ""},
	{"10,000 layers", nil, `hocker lock add --file out.json $R/app:layers`, 0, "out.json"},
	{"10,000 layers", nil, `hocker inspect -o out $R/app:layers`, 0, "out"},
	{"10,000 layers", nil, `hocker diff --json -o out $R/app:layers $R/app:layers`, 0, "out"},
	{"10,000 layers", nil, `hocker-image --compressed -o out $R/app:layers`, 0, "out"},
	{"10,000 layers", nil, `hocker-image -o out $R/app:layers`, 0, "out"},
	{"10,000 layers", nil, `docker2nix -o out $R/app:layers`, 0, "out"},
	{"10,000 layers", nil, `cp $FILES/layers.json out.json && exec hocker lock add --file out.json $R/app:layers`, 0, "out.json"},
	{"10,000 layers", nil, `hocker lock check --file $FILES/layers.json`, 0, ""},
	{"10,000 layers", nil, `hocker lock update --file $FILES/layers.json`, 0, ""},
	{"10,000 layers", nil, `env out=$PWD/out hocker=/hocker specPath=$FILES/spec.json hocker build image`, 0, "out"},
	{"10,000 layers", nil, `env out=$PWD/out hocker=/hocker specPath=$FILES/spec.json hocker build archive`, 0, "out"},

	{"a million layers", nil, `hocker-manifest -o out $R/app:empty`, 1, ""},
	{"a million layers", nil, `hocker lock add --file out.json $R/app:empty`, 1, ""},
	{"a million manifests", nil, `hocker-manifest -o out $R/app:entries`, 1, ""},
	{"a million steps", nil, `hocker inspect -o out $R/app:steps`, 1, ""},
	{"a million steps", nil, `hocker config -o out $R/app:steps`, 0, "out"},

	{"config.json without end", nil, `env DOCKER_CONFIG=$FILES/zero hocker-manifest -o out $R/app:t`, 0, "out"},
	{"config.json is a pipe", nil, `env DOCKER_CONFIG=$FILES/pipe hocker-manifest --max-time 1s -o out $R/app:t`, 6, ""},
	{"credentials file without end", nil, `hocker-manifest --credentials-file /dev/zero -o out $R/app:t`, 2, ""},
	{"credential helper without end", nil, `env DOCKER_CONFIG=$FILES/helper PATH=$FILES/helper:$PATH hocker-manifest -o out $R/app:t`, 0, "out"},
	{"image.json without end", nil, `hocker compose /dev/zero`, 2, ""},
}

// TestHostileRegistry attacks commands. Each ends with the right exit code, in bounded time
// and memory, with at most 1,024 open files, and leaves nothing behind.
func TestHostileRegistry(t *testing.T) {
	t.Parallel()
	w := newWorkplace(t, "attack")
	r := faults.New()
	s, err := faults.Serve(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	variables := prepareAttacks(t, w, r)
	writeAttackFile(t, filepath.Join(variables["FILES"], "compose.yaml"), []byte("services: {app: {image: \""+s.Host()+"/app:t\"}}\n"))
	w.setenv("R", s.Host())
	w.setenv("GOMAXPROCS", attackProcessors)
	writeManyLayers(t, w, variables["FILES"])
	for i, row := range attackRows {
		t.Run(fmt.Sprintf("%s, %d", row.attack, i), func(t *testing.T) {
			r.Heal()
			for _, fault := range row.faults {
				r.Add(strings.ReplaceAll(fault, "$LAYER", variables["LAYER"]))
			}
			attack(t, w, filepath.Join(w.dir, fmt.Sprint("row", i)), row, attackMemory)
		})
	}
}

// attack runs a row in a new folder. memory is the most that it may have resident, in MiB.
func attack(t *testing.T, w *workplace, dir string, row attackRow, memory int) {
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(t.Context(), attackTime)
	defer cancel()
	line := row.run
	if words := strings.Fields(line); strings.Contains(words[0], "=") {
		line = "env " + line
	}
	if !strings.Contains(line, "exec ") {
		line = "exec " + line
	}
	cmd := exec.CommandContext(ctx, "sh", "-c", "ulimit -n 1024 && "+line)
	var output bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, w.environ, &output, &output
	start := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	peak := make(chan int)
	ended, stop := context.WithCancel(ctx)
	go func() {
		highest := 0
		for ended.Err() == nil {
			highest = max(highest, highWater(cmd.Process.Pid))
			time.Sleep(2 * time.Millisecond)
		}
		peak <- highest
	}()
	cmd.Wait()
	stop()
	highest, took := <-peak, time.Since(start)
	if ctx.Err() != nil {
		t.Fatalf("not finished within %s\n%.2000s", attackTime, output.String())
	}
	if code := cmd.ProcessState.ExitCode(); code != row.code {
		t.Errorf("exit code %d, want %d\n%.2000s", code, row.code, output.String())
	}
	if highest > memory<<10 {
		t.Errorf("%d KiB resident, more than %d MiB", highest, memory)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, entry := range entries {
		left = append(left, entry.Name())
	}
	if got := strings.Join(left, " "); got != row.kept {
		t.Errorf("left %q, want %q", got, row.kept)
	}
	t.Logf("exit code %d, %.1f s, %d MiB, left %q", cmd.ProcessState.ExitCode(), took.Seconds(), highest>>10, left)
}

// prepareAttacks fills the registry and writes the files that the rows name.
func prepareAttacks(t *testing.T, w *workplace, r *faults.Registry) map[string]string {
	layer, packed := helloLayer()
	config := digest.FromBytes(jsonText(jsonObject{
		"architecture": runtime.GOARCH, "os": "linux",
		"rootfs": jsonObject{"type": "layers", "diff_ids": []digest.Digest{digest.FromBytes(layer)}},
	}))
	files := filepath.Join(w.dir, "files")
	bomb := bombLayer(t)
	addImage(r, "bomb", func(m, _ jsonObject) {
		m["layers"].([]jsonObject)[0]["digest"] = r.AddBlob(bomb)
		m["layers"].([]jsonObject)[0]["size"] = len(bomb)
	})
	r.AddManifest("nested", "application/vnd.oci.image.manifest.v1+json", bytes.Repeat([]byte("["), 1_000_000))
	addManyLayers(r, 10_000)
	addImage(r, "empty", func(m, _ jsonObject) { m["layers"] = make([]struct{}, 1_000_000) })
	r.AddManifest("entries", "application/vnd.oci.image.index.v1+json", jsonText(jsonObject{"schemaVersion": 2, "manifests": make([]struct{}, 1_000_000)}))
	addImage(r, "steps", func(_, c jsonObject) { c["history"] = make([]struct{}, 1_000_000) })
	variables := map[string]string{
		"LAYER":    digest.FromBytes(packed).String(),
		"CONFIG":   config.String(),
		"MANIFEST": addImage(r, "t").String(),
		"FILES":    files,
		"BOMB": string(jsonText(jsonObject{
			"reference": "app:t", "verify": true, "config": jsonObject{"path": files + "/config.json"}, "layers": []jsonObject{{"path": files + "/bomb"}},
		})),
	}
	for name, value := range variables {
		w.setenv(name, value)
	}
	for name, content := range map[string][]byte{
		"bomb": bomb,
		"config.json": jsonText(jsonObject{
			"architecture": runtime.GOARCH, "os": "linux",
			"rootfs": jsonObject{"type": "layers", "diff_ids": []digest.Digest{digest.FromBytes(layer)}},
		}),
		"helper/config.json":               jsonText(jsonObject{"credsStore": "endless"}),
		"helper/docker-credential-endless": []byte("#!/bin/sh\nexec cat /dev/zero\n"),
	} {
		writeAttackFile(t, filepath.Join(files, name), content)
	}
	for _, dir := range []string{"zero", "pipe"} {
		if err := os.Mkdir(filepath.Join(files, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/dev/zero", filepath.Join(files, "zero", "config.json")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(files, "pipe", "config.json"), 0o600); err != nil {
		t.Fatal(err)
	}
	return variables
}

func writeAttackFile(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := servers.WriteProgram(path, content); err != nil {
		t.Fatal(err)
	}
}

// bombLayer returns 2 MB of gzip that unpack to 2 GiB of zeros.
func bombLayer(t *testing.T) []byte {
	var member bytes.Buffer
	z := gzip.NewWriter(&member)
	if _, err := z.Write(make([]byte, 64<<20)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return bytes.Repeat(member.Bytes(), 32)
}

// writeManyLayers writes a lock file of the image of addManyLayers, and what its builder
// gets.
func writeManyLayers(t *testing.T, w *workplace, dir string) {
	t.Helper()
	lock := exec.Command("sh", "-c", `hocker lock add --file $FILES/layers.json $R/app:layers && hocker-config $R/app:layers >$FILES/layers-config.json`)
	lock.Env = w.environ
	if output, err := lock.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	var layers []jsonObject
	for i, layer := range manyLayers(10_000) {
		path := filepath.Join(dir, "layers", fmt.Sprint(i))
		writeAttackFile(t, path, layer)
		layers = append(layers, jsonObject{"path": path, "digest": digest.FromBytes(layer)})
	}
	writeAttackFile(t, filepath.Join(dir, "spec.json"), jsonText(jsonObject{
		"reference": "app:t", "verify": true, "config": jsonObject{"path": dir + "/layers-config.json"}, "layers": layers,
	}))
}

// manyLayers returns n layers, each an empty archive with other bytes after its end.
func manyLayers(n int) (layers [][]byte) {
	for i := range n {
		layer := make([]byte, 1024)
		layer[1023] = byte(i)
		layer[1022] = byte(i >> 8)
		layers = append(layers, layer)
	}
	return layers
}

// addManyLayers adds an image of n layers.
func addManyLayers(r *faults.Registry, n int) {
	var layers []jsonObject
	var diffIDs []digest.Digest
	for _, layer := range manyLayers(n) {
		d := r.AddBlob(layer)
		diffIDs = append(diffIDs, d)
		layers = append(layers, jsonObject{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": d, "size": len(layer)})
	}
	addImage(r, "layers", func(m, c jsonObject) {
		m["layers"] = layers
		c["rootfs"] = jsonObject{"type": "layers", "diff_ids": diffIDs}
	})
}
