//go:build unix

package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// chmod sets the mode of a file; Mkdir and WriteFile apply the umask.
func chmod(t *testing.T, dir, name string, mode fs.FileMode) {
	t.Helper()
	if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
		t.Fatal(err)
	}
}

// Who replaces a file keeps its mode, whatever the umask.
func TestReplacedMode(t *testing.T) {
	for _, mode := range []fs.FileMode{0o600, 0o644, 0o666, 0o755, 0o444, 0o400} {
		for name, replace := range map[string]func(path string) error{
			"Create": func(path string) error {
				f, err := Create(path)
				if err != nil {
					return err
				}
				defer f.Discard()
				if info, err := f.Stat(); err != nil || info.Mode() != mode {
					t.Errorf("%v while it is written: %v, %v", mode, info.Mode(), err)
				}
				return f.Commit()
			},
			"Replace": func(path string) error {
				f, err := OpenPart(path + ".part")
				if err != nil {
					return err
				}
				return Replace(f, path)
			},
		} {
			dir := t.TempDir()
			write(t, dir, "out", "old")
			chmod(t, dir, "out", mode)
			old := syscall.Umask(0o027)
			err := replace(filepath.Join(dir, "out"))
			syscall.Umask(old)
			if err != nil {
				t.Errorf("%s, %v: %v", name, mode, err)
			}
			if info, err := os.Stat(filepath.Join(dir, "out")); err != nil || info.Mode() != mode {
				t.Errorf("%s: got %v, %v, want %v", name, info.Mode(), err, mode)
			}
			checkTree(t, name, dir, map[string]string{"out": ""})
		}
	}
}

// anotherUser is the ID of another user than root.
const anotherUser = 65534

// chown gives a file or link to another user, which only root can.
func chown(t *testing.T, dir, name string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file away")
	}
	if err := os.Lchown(filepath.Join(dir, name), anotherUser, -1); err != nil {
		t.Fatal(err)
	}
}

var plantedTests = []struct {
	name string
	// make fills a folder, which has the folder shared, to which everybody may write,
	// and the file kept.
	make func(t *testing.T, dir string)
	path string
	err  string // of Create, after the path of the link
	part string // of OpenPart
}{
	{name: "nothing", path: "shared/out"},
	{name: "own file", path: "shared/out", make: func(t *testing.T, dir string) { write(t, dir, "shared/out", "old") }},
	{name: "own link", path: "shared/out", part: "is a symbolic link",
		make: func(t *testing.T, dir string) { symlink(t, dir, "../kept", "shared/out") }},
	{name: "link of another user", path: "shared/out", err: "is a symbolic link of another user in a shared folder", part: "is a symbolic link",
		make: func(t *testing.T, dir string) { symlink(t, dir, "../kept", "shared/out"); chown(t, dir, "shared/out") }},
	{name: "dangling link of another user", path: "shared/out", err: "is a symbolic link of another user in a shared folder", part: "is a symbolic link",
		make: func(t *testing.T, dir string) { symlink(t, dir, "../none", "shared/out"); chown(t, dir, "shared/out") }},
	{name: "own link to a link of another user", path: "link", err: "is a symbolic link of another user in a shared folder", part: "is a symbolic link",
		make: func(t *testing.T, dir string) {
			symlink(t, dir, "shared/out", "link")
			symlink(t, dir, "../kept", "shared/out")
			chown(t, dir, "shared/out")
		}},
	{name: "link of the owner of the folder", path: "shared/out", part: "is a symbolic link",
		make: func(t *testing.T, dir string) {
			symlink(t, dir, "../kept", "shared/out")
			chown(t, dir, "shared/out")
			chown(t, dir, "shared")
		}},
	{name: "link of another user in a private folder", path: "private/out", part: "is a symbolic link",
		make: func(t *testing.T, dir string) {
			mkdir(t, dir, "private")
			symlink(t, dir, "../kept", "private/out")
			chown(t, dir, "private/out")
		}},
	{name: "file of another user", path: "shared/out", part: "is a file of another user in a shared folder",
		make: func(t *testing.T, dir string) { write(t, dir, "shared/out", "old"); chown(t, dir, "shared/out") }},
	{name: "hard link", path: "shared/out", part: "is a file with another name (hard link)",
		make: func(t *testing.T, dir string) {
			if err := os.Link(filepath.Join(dir, "kept"), filepath.Join(dir, "shared/out")); err != nil {
				t.Fatal(err)
			}
		}},
	{name: "named pipe", path: "shared/out", part: "is not a regular file",
		make: func(t *testing.T, dir string) {
			if err := syscall.Mkfifo(filepath.Join(dir, "shared/out"), 0o600); err != nil {
				t.Fatal(err)
			}
		}},
	{name: "links in a circle", path: "shared/a", err: "too many levels of symbolic links", part: "is a symbolic link",
		make: func(t *testing.T, dir string) { symlink(t, dir, "b", "shared/a"); symlink(t, dir, "a", "shared/b") }},
}

// Neither a file to replace nor the part of one leads to a place that another user chose.
func TestPlanted(t *testing.T) {
	for _, tt := range plantedTests {
		t.Run(tt.name, func(t *testing.T) {
			for name, open := range map[string]func(string) error{
				"Create": func(path string) error {
					if tt.name == "named pipe" {
						return nil // it waits for a reader
					}
					f, err := Create(path)
					if err != nil {
						return err
					}
					defer f.Discard()
					f.WriteString("new")
					return f.Commit()
				},
				"OpenPart": func(path string) error {
					f, err := OpenPart(path)
					if err != nil {
						return err
					}
					return f.Close()
				},
			} {
				want := map[string]string{"Create": tt.err, "OpenPart": tt.part}[name]
				dir := t.TempDir()
				write(t, dir, "kept", "kept")
				mkdir(t, dir, "shared")
				chmod(t, dir, "shared", 0o777|fs.ModeSticky)
				if tt.make != nil {
					tt.make(t, dir)
				}
				err := open(filepath.Join(dir, tt.path))
				if err == nil && want != "" || err != nil && (want == "" || !strings.Contains(err.Error(), want)) {
					t.Errorf("%s: got %v, want %s", name, err, want)
				}
				if planted := strings.HasPrefix(want, "is "); errors.As(err, new(*PlantedError)) != planted {
					t.Errorf("%s: %T", name, err)
				}
				if data, err := os.ReadFile(filepath.Join(dir, "kept")); want != "" && string(data) != "kept" {
					t.Errorf("%s: the file has been changed: %q, %v", name, data, err)
				}
			}
		})
	}
}

// Two processes do not write one part: the second would write into the file of the first
// after its rename.
func TestBusyPart(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out.part")
	f, err := OpenPart(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenPart(path); !errors.As(err, new(*BusyError)) {
		t.Errorf("while it is written: %v", err)
	}
	other, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := Replace(f, filepath.Join(dir, "out")); err != nil {
		t.Fatal(err)
	}
	if err := lockPart(other, path); !errors.As(err, new(*BusyError)) {
		t.Errorf("opened before the rename, locked after it: %v", err)
	}
	if f, err = OpenPart(path); err != nil {
		t.Fatal("the next one: ", err)
	}
	f.Close()
	checkTree(t, "afterwards", dir, map[string]string{"out": "", "out.part": ""})
}
