//go:build unix

package atomicfile

import (
	"bufio"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// writerFolder makes the test binary a process that writes a file and a folder in the
// folder that it names, until it is killed.
const writerFolder = "HOCKER_TEST_WRITER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerFolder); dir != "" {
		if err := writeForever(dir); err != nil {
			os.Stderr.WriteString(err.Error())
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

func writeForever(dir string) error {
	f, err := Create(filepath.Join(dir, "out"))
	if err != nil {
		return err
	}
	defer f.Discard()
	folder, err := CreateFolder(dir, 0o777)
	if err != nil {
		return err
	}
	defer folder.Discard()
	if err := os.Mkdir(filepath.Join(folder.Path, "blobs"), 0o777); err != nil {
		return err
	}
	if _, err = os.Stdout.WriteString(f.Name() + " " + folder.Path + "\n"); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin) // until it is killed
	return err
}

// writer is another process that writes in a folder.
type writer struct {
	*exec.Cmd
	writes []string // the names of what it writes
}

func startWriter(t *testing.T, dir string) writer {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), writerFolder+"="+dir)
	cmd.Stderr = os.Stderr
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	w := writer{Cmd: cmd}
	for _, path := range strings.Fields(line) {
		w.writes = append(w.writes, filepath.Base(path))
	}
	return w
}

func (w writer) kill(t *testing.T) {
	t.Helper()
	if err := w.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	w.Wait()
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func checkNames(t *testing.T, when, dir string, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := names(t, dir); !slices.Equal(got, want) {
		t.Errorf("%s: there is %q, want %q", when, got, want)
	}
}

// What a killed process leaves is removed by the next one that writes there. What a live
// one writes stays.
func TestAbandoned(t *testing.T) {
	for name, create := range map[string]func(dir string) (discard func(), err error){
		"Create": func(dir string) (func(), error) {
			f, err := Create(filepath.Join(dir, "out"))
			return f.Discard, err
		},
		"CreateTemporary": func(dir string) (func(), error) {
			f, err := CreateTemporary(dir)
			return f.Discard, err
		},
		"CreateFolder": func(dir string) (func(), error) {
			f, err := CreateFolder(dir, 0o700)
			return f.Discard, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if !canRemove(t, dir) {
				t.Skip("this file system may be shared with other machines")
			}
			live, killed := startWriter(t, dir), startWriter(t, dir)
			checkNames(t, "while both write", dir, append(live.writes, killed.writes...)...)
			killed.kill(t)
			checkNames(t, "after one was killed", dir, append(live.writes, killed.writes...)...)
			discard, err := create(dir)
			if err != nil {
				t.Fatal(err)
			}
			discard()
			checkNames(t, "after the next one", dir, live.writes...)
			live.kill(t)
			if discard, err = create(dir); err != nil {
				t.Fatal(err)
			}
			discard()
			checkNames(t, "at the end", dir)
		})
	}
}

func canRemove(t *testing.T, dir string) bool {
	t.Helper()
	f, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return isLocal(f)
}

// A part name, as a killed process leaves it.
const left = ".hocker-0123abcd.part"

// keptTests have something under the name of a temporary file that is not removed. In
// the folder dir, it is shared/NAME.
var keptTests = []struct {
	name string
	make func(t *testing.T, dir string)
}{
	{"a link", func(t *testing.T, dir string) { symlink(t, dir, "../kept", "shared/"+left) }},
	{"a link to a folder", func(t *testing.T, dir string) { symlink(t, dir, "../folder", "shared/"+left) }},
	{"a file with another name", func(t *testing.T, dir string) {
		if err := os.Link(filepath.Join(dir, "kept"), filepath.Join(dir, "shared", left)); err != nil {
			t.Fatal(err)
		}
	}},
	{"a pipe", func(t *testing.T, dir string) {
		if err := syscall.Mkfifo(filepath.Join(dir, "shared", left), 0o600); err != nil {
			t.Fatal(err)
		}
	}},
	{"a file of another user", func(t *testing.T, dir string) {
		write(t, dir, "shared/"+left, "kept")
		chown(t, dir, "shared/"+left)
	}},
	{"a folder of another user", func(t *testing.T, dir string) {
		mkdir(t, dir, "shared/"+left)
		write(t, dir, "shared/"+left+"/kept", "kept")
		chown(t, dir, "shared/"+left)
	}},
	{"a folder that others can rename", func(t *testing.T, dir string) {
		mkdir(t, dir, "shared/"+left)
		write(t, dir, "shared/"+left+"/kept", "kept")
		chmod(t, dir, "shared", 0o777)
	}},
}

func TestKept(t *testing.T) {
	for _, tt := range keptTests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "kept", "kept")
			mkdir(t, dir, "folder")
			write(t, dir, "folder/kept", "kept")
			mkdir(t, dir, "shared")
			chmod(t, dir, "shared", 0o777|fs.ModeSticky)
			tt.make(t, dir)
			before := tree(t, dir)
			removeAbandoned(filepath.Join(dir, "shared"))
			checkTree(t, "afterwards", dir, before)
			checkNames(t, "afterwards", filepath.Join(dir, "shared"), left)
		})
	}
}

// Names that only look like those of temporary files are the user's.
func TestOtherNames(t *testing.T) {
	dir := t.TempDir()
	kept := []string{".hocker-.part", ".hocker-layer.part", ".hocker-0123abcde.part", ".hocker-0123ABCD.part", "hocker-0123abcd.part", left + "~", "out.part"}
	for _, name := range kept {
		write(t, dir, name, "")
	}
	write(t, dir, left, "")
	removeAbandoned(dir)
	if !canRemove(t, dir) {
		kept = append(kept, left)
	}
	checkNames(t, "afterwards", dir, kept...)
}

// A folder is emptied without following the links in it.
func TestAbandonedFolder(t *testing.T) {
	dir := t.TempDir()
	if !canRemove(t, dir) {
		t.Skip("this file system may be shared with other machines")
	}
	mkdir(t, dir, "folder")
	write(t, dir, "folder/kept", "kept")
	mkdir(t, dir, left)
	mkdir(t, dir, left+"/blobs")
	write(t, dir, left+"/blobs/layer", "")
	symlink(t, dir, "../../folder", left+"/blobs/link")
	symlink(t, dir, "../folder", left+"/link")
	removeAbandoned(dir)
	checkTree(t, "afterwards", dir, map[string]string{"folder/kept": "kept"})
}

// A process that takes a new file for abandoned, before it is locked, does not disturb
// its creator.
func TestTakenForAbandoned(t *testing.T) {
	dir := t.TempDir()
	first := true
	f, made, err := newTemporary(dir, func(path string) (*os.File, error) {
		f, err := createFile(0o600)(path)
		if first && err == nil {
			removeIfAbandoned(path)
		}
		first = false
		return f, err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if !isAt(f, made.path) {
		t.Error("the file has no name")
	}
	checkNames(t, "while it is written", dir, filepath.Base(made.path))
	made.remove()
	checkNames(t, "at the end", dir)
}

// Between the end of writing and the rename, a complete file is not taken for abandoned.
func TestClosedIsNotAbandoned(t *testing.T) {
	dir := t.TempDir()
	f, err := Create(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Discard()
	f.Close()
	removeAbandoned(dir)
	checkNames(t, "after another process", dir, filepath.Base(f.Name()))
}

// A file without a name is written and read.
func TestNameless(t *testing.T) {
	dir := t.TempDir()
	f, err := CreateNameless(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	checkNames(t, "while it is written", dir)
	if _, err := f.WriteAt([]byte("text"), 3); err != nil {
		t.Fatal(err)
	}
	if info, err := f.Stat(); err != nil || info.Size() != 7 {
		t.Error(info, err)
	}
}

// A folder appears when it is complete.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	for _, commit := range []bool{true, false} {
		f, err := CreateFolder(dir, 0o755)
		if err != nil {
			t.Fatal(err)
		}
		write(t, f.Path, "file", "new")
		if commit {
			if err := f.Commit(filepath.Join(dir, "out")); err != nil {
				t.Error(err)
			}
		}
		f.Discard()
		checkTree(t, "afterwards", dir, map[string]string{"out/file": "new"})
		checkNames(t, "afterwards", dir, "out")
	}
}

// Many processes create folders in the same one at once. None takes another's for
// abandoned so that its creator fails.
func TestFoldersAtOnce(t *testing.T) {
	dir := t.TempDir()
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 200 {
				f, err := CreateFolder(dir, 0o700)
				if err != nil {
					t.Error(err)
					return
				}
				if err := os.WriteFile(filepath.Join(f.Path, "file"), nil, 0o600); err != nil {
					t.Error(err)
				}
				f.Discard()
			}
		})
	}
	group.Wait()
}
