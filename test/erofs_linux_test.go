package test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"hocker/test/images"
	"hocker/test/servers"
)

// erofsSuites are the suites of Debian whose mkfs.erofs makes EROFS files.
var erofsSuites = []string{"trixie", "sid"}

// TestErofs makes EROFS files of layers with all that a file can be, mounts them, and
// compares them with the layers' archives file by file. Every mkfs.erofs makes the same
// files, and without compression hocker makes them by itself.
func TestErofs(t *testing.T) {
	t.Parallel()
	servers.Require(t, "root", "busybox", "unshare", "mount")
	image, err := shared.images.Image(images.Spec{Variant: "awkward"})
	if err != nil {
		t.Fatal(err)
	}
	var made sameFiles
	for _, suite := range erofsSuites {
		for _, compression := range []string{"lz4hc", "zstd"} {
			t.Run(suite+" "+compression, func(t *testing.T) {
				mkfs, err := servers.FindErofsUtils(suite)
				if err != nil {
					servers.Lacks(t, err)
				}
				program, err := mkfs.LookPath("mkfs.erofs")
				if err != nil {
					t.Fatal(err)
				}
				for i, layer := range image.Layers {
					file := makeErofs(t, program, image.Blob(layer), compression)
					compareErofs(t, file, image.Blob(layer))
					made.check(t, fmt.Sprintf("layer %d %s", i, compression), file)
				}
			})
		}
	}
	t.Run("without compression", func(t *testing.T) {
		for _, layer := range image.Layers {
			compareErofs(t, makeErofs(t, "", image.Blob(layer), ""), image.Blob(layer))
		}
	})
}

// makeErofs makes the EROFS file of a layer.
func makeErofs(t *testing.T, mkfs, layer, compression string) (file string) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	if output, err := buildErofs(out, layer, mkfs, compression).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return filepath.Join(out, "layer.erofs")
}

// buildErofs is the builder of a layer's EROFS file.
func buildErofs(out, layer, mkfs, compression string) *exec.Cmd {
	build := exec.Command(filepath.Join(shared.hocker, "bin/hocker"), "build", "erofs-layer")
	build.Env = []string{"PATH=" + os.Getenv("PATH"), "out=" + out, "layer=" + layer, "mkfs=" + mkfs, "compression=" + compression}
	return build
}

// compareErofs compares an EROFS file with the archive that it was made of.
func compareErofs(t *testing.T, file, layer string) {
	t.Helper()
	want, err := layerTree(layer)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	err = servers.InErofs(file, func(dir string) (err error) {
		got, err = walkTree(dir)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("the EROFS file has      %s", line)
		}
	}
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf("it does not have        %s", line)
		}
	}
}

// sameFiles compares files that are to be the same.
type sameFiles struct {
	mu      sync.Mutex
	digests map[string]digest.Digest
}

func (s *sameFiles) check(t *testing.T, name, file string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := digest.FromReader(f)
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.digests == nil {
		s.digests = map[string]digest.Digest{}
	}
	if before := s.digests[name]; before != "" && before != d {
		t.Errorf("%s is another file than before: %s, not %s", name, d, before)
	}
	s.digests[name] = d
}

// A sparse file of GNU tar has its holes.
func TestErofsSparse(t *testing.T) {
	t.Parallel()
	servers.Require(t, "root", "unshare", "mount")
	dir := t.TempDir()
	sparse := filepath.Join(dir, "sparse")
	if err := os.WriteFile(sparse, []byte("start"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(sparse, 3<<20); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"--format=gnu", "--format=pax", "--sparse-version=0.1", "--sparse-version=0.0"} {
		layer := filepath.Join(dir, "layer.tar")
		args := []string{"--sparse", format, "--numeric-owner", "-C", dir, "-cf", layer, "sparse"}
		if output, err := exec.Command("tar", args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, output)
		}
		if info, err := os.Stat(layer); err != nil || info.Size() > 1<<20 {
			t.Fatalf("%s: not sparse: %v", format, err)
		}
		file := makeErofs(t, "", layer, "")
		err := servers.InErofs(file, func(mounted string) error {
			got, err := os.ReadFile(filepath.Join(mounted, "sparse"))
			if err == nil && string(got) != "start"+strings.Repeat("\x00", 3<<20-5) {
				err = fmt.Errorf("%s: it has %d other bytes", format, len(got))
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// mkfs.erofs never ends by itself if its input ends too early. So it is killed with
// hocker, however that ends.
func TestErofsKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mkfs, pidFile := filepath.Join(dir, "mkfs.erofs"), filepath.Join(dir, "pid")
	script := "#!/bin/sh\necho $$ >" + pidFile + ".new\nmv " + pidFile + ".new " + pidFile + "\nexec sleep 1000\n"
	layer := filepath.Join(dir, "layer")
	if err := errors.Join(servers.WriteProgram(mkfs, []byte(script)), os.WriteFile(layer, nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	build := buildErofs(filepath.Join(dir, "out"), layer, mkfs, "zstd")
	if err := build.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { build.Process.Kill() })
	var pid string
	for pid == "" {
		text, err := os.ReadFile(pidFile)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		pid = strings.TrimSpace(string(text))
		time.Sleep(time.Millisecond)
	}
	if err := build.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	build.Wait()
	for start := time.Now(); ; time.Sleep(time.Millisecond) {
		status, err := os.ReadFile("/proc/" + pid + "/stat")
		if errors.Is(err, os.ErrNotExist) || strings.Contains(string(status), ") Z ") {
			return // nobody may wait for a process without its parent
		}
		if time.Since(start) > time.Minute {
			t.Fatalf("mkfs.erofs still runs: %s %v", status, err)
		}
	}
}
