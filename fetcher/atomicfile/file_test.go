package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// fileTests start in an empty directory, which make fills. path is the file to
// write, and content the directory afterwards.
var fileTests = []struct {
	name      string
	make      func(t *testing.T, dir string)
	path      string
	committed map[string]string
	discarded map[string]string
}{
	{
		name:      "new",
		path:      "out",
		committed: map[string]string{"out": "new"},
		discarded: map[string]string{},
	},
	{
		name:      "existing",
		make:      func(t *testing.T, dir string) { write(t, dir, "out", "old, and longer") },
		path:      "out",
		committed: map[string]string{"out": "new"},
		discarded: map[string]string{"out": "old, and longer"},
	},
	{
		name: "symbolic link to a file",
		make: func(t *testing.T, dir string) {
			mkdir(t, dir, "sub")
			write(t, dir, "sub/target", "old")
			symlink(t, dir, "sub/target", "out")
		},
		path:      "out",
		committed: map[string]string{"out": "-> sub/target", "sub/target": "new"},
		discarded: map[string]string{"out": "-> sub/target", "sub/target": "old"},
	},
	{
		name: "in a folder that is a symbolic link",
		make: func(t *testing.T, dir string) {
			mkdir(t, dir, "sub")
			symlink(t, dir, "sub", "link")
		},
		path:      "link/out",
		committed: map[string]string{"link": "-> sub", "sub/out": "new"},
		discarded: map[string]string{"link": "-> sub"},
	},
}

func write(t *testing.T, dir, name, data string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o666); err != nil {
		t.Fatal(err)
	}
}

func mkdir(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(dir, name), 0o777); err != nil {
		t.Fatal(err)
	}
}

func symlink(t *testing.T, dir, target, name string) {
	t.Helper()
	if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

// tree returns all files below dir with their content, and links with their
// targets.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(dir, path)
		switch {
		case err != nil:
			return err
		case d.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			files[name] = "-> " + target
			return err
		case d.Type().IsRegular():
			data, err := os.ReadFile(path)
			files[name] = string(data)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func checkTree(t *testing.T, when, dir string, want map[string]string) {
	t.Helper()
	got := tree(t, dir)
	for name, data := range want {
		if got[name] != data {
			t.Errorf("%s: %s holds %q, want %q", when, name, got[name], data)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s: there is %q, want %q", when, got, want)
	}
}

func TestCreate(t *testing.T) {
	for _, tt := range fileTests {
		for _, commit := range []bool{true, false} {
			name, want := tt.name+", discarded", tt.discarded
			if commit {
				name, want = tt.name+", committed", tt.committed
			}
			t.Run(name, func(t *testing.T) {
				dir := t.TempDir()
				if tt.make != nil {
					tt.make(t, dir)
				}
				testFile(t, dir, tt.path, commit, tt.discarded)
				checkTree(t, "at the end", dir, want)
			})
		}
	}
}

func testFile(t *testing.T, dir, path string, commit bool, before map[string]string) {
	t.Helper()
	f, err := Create(filepath.Join(dir, path))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Discard()
	if _, err := io.WriteString(f, "new"); err != nil {
		t.Fatal(err)
	}
	part := tree(t, dir)
	for name, data := range before {
		if part[name] != data {
			t.Errorf("while it is written, %s holds %q, want %q", name, part[name], data)
		}
	}
	if !commit {
		return
	}
	if err := f.Commit(); err != nil {
		t.Error(err)
	}
}

// A pipe or device is written to and not replaced.
func TestCreateDevice(t *testing.T) {
	f, err := Create(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, "new"); err != nil {
		t.Error(err)
	}
	if err := f.Commit(); err != nil {
		t.Error(err)
	}
	f.Discard()
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode()&fs.ModeDevice == 0 {
		t.Errorf("%s is %v, %v", os.DevNull, info, err)
	}
}

func TestCreateFailures(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "file", "")
	symlink(t, dir, "loop", "loop")

	_, err := Create(dir)
	if err == nil || err.Error() != dir+" is a directory" {
		t.Errorf("at a folder: %v", err)
	}
	if _, err := Create(filepath.Join(dir, "none", "out")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in no folder: %v", err)
	}
	if _, err := Create(filepath.Join(dir, "file", "out")); err == nil {
		t.Error("in a file: no error")
	}
	if _, err := Create(filepath.Join(dir, "loop")); err == nil {
		t.Error("at a link to itself: no error")
	}
	checkTree(t, "after failures", dir, map[string]string{"file": "", "loop": "-> loop"})
}

// If Commit fails, no temporary file is left.
func TestCommitFailure(t *testing.T) {
	dir := t.TempDir()
	f, err := Create(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	mkdir(t, dir, "out")
	if err := f.Commit(); err == nil {
		t.Error("committed over a folder")
	}
	f.Discard()
	checkTree(t, "after a failed commit", dir, map[string]string{})
}
