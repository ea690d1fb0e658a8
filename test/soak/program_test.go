package soak

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
)

// runs are the fetches by the program: arguments, or for a builder the kind of output.
var runs = []struct {
	name, builder string
	args          []string
}{
	{name: "manifest", args: []string{"manifest", "-o", "out"}},
	{name: "config", args: []string{"config", "-o", "out"}},
	{name: "layer", args: []string{"layer", "-l", "0", "-o", "out"}},
	{name: "layer --continue", args: []string{"layer", "-l", "0", "--continue", "part", "-o", "out"}},
	{name: "layer --decompress", args: []string{"layer", "-l", "0", "--decompress", "-o", "out"}},
	{name: "image", args: []string{"image", "-o", "out"}},
	{name: "image --compressed", args: []string{"image", "--compressed", "-o", "out"}},
	{name: "image --format oci-layout", args: []string{"image", "--format", "oci-layout", "-o", "out"}},
	{name: "docker2nix", args: []string{"docker2nix", "--pin", "-o", "out"}},
	{name: "lock add", args: []string{"lock", "add", "--file", "out"}},
	{name: "fetch manifest", builder: "manifest"},
	{name: "fetch config", builder: "config"},
	{name: "fetch layer", builder: "layer"},
}

// programFetch is a fetch by the program.
type programFetch struct {
	*lane
	run    int
	image  *image
	mirror bool
	want   string // the output
}

func (l *lane) newRun(random *rand.Rand) *programFetch {
	return &programFetch{lane: l, run: random.IntN(len(runs)), image: l.drawImage(random), mirror: random.IntN(4) == 0}
}

func (f *programFetch) String() string  { return "hocker " + runs[f.run].name + " of " + f.image.tag }
func (f *programFetch) isPatient() bool { return runs[f.run].builder != "" }
func (f *programFetch) hasMirror() bool { return f.mirror }

// prepare finds out what the output is.
func (f *programFetch) prepare() error {
	key := fmt.Sprint(f.run, f.image.tag)
	if f.want = f.outputs[key]; f.want != "" {
		return nil
	}
	dir := filepath.Join(f.dir, "expected")
	defer os.RemoveAll(dir)
	code, output, err := f.program(dir, longest)
	if err != nil || code != 0 {
		return fmt.Errorf("without faults: exit code %d, %w\n%s", code, err, output)
	}
	got, left, err := tree(dir)
	if want := f.image.outputs()[runs[f.run].name]; err != nil || want != "" && got != "out "+want {
		return fmt.Errorf("without faults: got %s, %q, %w, want %s", got, left, err, want)
	}
	f.want = got
	f.outputs[key] = got
	return nil
}

func (f *programFetch) fetch(d draw) (string, error) {
	dir := filepath.Join(f.dir, "folder")
	defer os.RemoveAll(dir)
	code, output, err := f.program(dir, d.limit)
	if err != nil {
		return "failed", err
	}
	got, left, err := tree(dir)
	switch {
	case err != nil:
		return "failed", err
	case code == 0 && got == f.want:
		return right, nil
	case code == 0:
		return "wrong content", fmt.Errorf("the output is wrong: %q", left)
	case code != 1 && (code < 3 || code > 6), bytes.Contains(output, []byte("goroutine ")):
		return "failed", fmt.Errorf("exit code %d\n%.5000s", code, output)
	case left == "part" && runs[f.run].name == "layer --continue":
		// It is the start of the layer, or is found to be wrong.
		f.heal()
		code, output, err := f.program(dir, longest)
		if got, left, treeErr := tree(dir); err != nil || treeErr != nil || code != 0 || got != f.want {
			return "failed", fmt.Errorf("with a healthy registry, --continue ends with %d and leaves %q: %w, %w\n%.5000s", code, left, err, treeErr, output)
		}
	case left != "":
		return "failed", fmt.Errorf("exit code %d, and it has left %q\n%.5000s", code, left, output)
	}
	if d.passes {
		return "failed", fmt.Errorf("exit code %d\n%.5000s", code, output)
	}
	return fmt.Sprint("exit code ", code), nil
}

// outputs returns the hashes of outputs that are content of the registry.
func (i *image) outputs() map[string]string {
	layer, config, manifest := digest.FromBytes(i.layer).Encoded(), digest.FromBytes(i.config).Encoded(), digest.FromBytes(i.manifest).Encoded()
	return map[string]string{
		"manifest": manifest, "config": config, "layer": layer, "layer --continue": layer,
		"fetch manifest": manifest, "fetch config": config, "fetch layer": layer,
	}
}

// size returns the size of the builder's output, where an expression has it.
func (i *image) size(kind string) string {
	if kind != "layer" {
		return ""
	}
	return strconv.Itoa(len(i.layer))
}

// program runs the program in dir and returns its exit code and output.
func (f *programFetch) program(dir string, limit time.Duration) (int, []byte, error) {
	for _, folder := range []string{dir, f.tmp} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return 0, nil, err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	args, environ := f.command(limit)
	cmd := exec.CommandContext(ctx, hocker, args...)
	var output bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, environ, &output, &output
	if err := cmd.Start(); err != nil {
		return 0, nil, err
	}
	cmd.Wait()
	if ctx.Err() != nil {
		return 0, nil, fmt.Errorf("not finished within %v\n%.5000s", longest, output.Bytes())
	}
	return cmd.ProcessState.ExitCode(), output.Bytes(), f.checkTemporary()
}

// command returns the arguments and the environment.
func (f *programFetch) command(limit time.Duration) (args, environ []string) {
	environ = []string{"HOME=/nonexistent", "TMPDIR=" + f.tmp, "NIX_SSL_CERT_FILE=" + f.roots}
	mirrors := ""
	if f.mirror {
		mirrors = "HOCKER_MIRRORS=" + f.server.Host() + "=http://" + f.lane.mirror.Host() + "/v2/"
	}
	environ = append(environ, mirrors)
	if kind := runs[f.run].builder; kind != "" {
		return []string{"fetch", kind}, append(environ, "out=out", "registry="+f.url+"/v2/", "repository=org", "imageName=app", "tag="+f.image.tag,
			"outputHash="+f.image.outputs()["fetch "+kind], "outputHashAlgo=sha256", "outputHashMode=flat", "size="+f.image.size(kind), "HOCKER_MAX_TIME="+limit.String())
	}
	args = append(args, runs[f.run].args...)
	args = append(args, "--answer-timeout", silence.String(), "--stall-timeout", silence.String(), "--max-time", limit.String(), "--registry", f.url)
	if f.roots != "" {
		args = append(args, "--ca-file", f.roots)
	}
	return append(args, repository+":"+f.image.tag), environ
}

// checkTemporary checks that the program has left no temporary files.
func (f *programFetch) checkTemporary() error {
	entries, err := os.ReadDir(f.tmp)
	if err == nil && len(entries) > 0 {
		err = fmt.Errorf("it has left %v in $TMPDIR", entries)
	}
	return err
}

// tree returns the hashes of all files below a folder, and their names.
func tree(dir string) (hashes, names string, _ error) {
	var hashed, named []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(dir, path)
		switch {
		case err != nil || name == ".":
			return err
		case d.Type().IsRegular():
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			hashed = append(hashed, fmt.Sprintf("%s %x", name, sha256.Sum256(data)))
		}
		named = append(named, name)
		return nil
	})
	return strings.Join(hashed, "\n"), strings.Join(named, " "), err
}
