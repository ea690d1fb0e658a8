package lock

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// place writes the example into a temporary folder.
func place(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "hocker.lock.json")
	if err := os.WriteFile(path, []byte(example), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// set returns a plan that ignores the file.
func set(images map[string]Image) func(File) (Edit, error) {
	return func(File) (Edit, error) { return Edit{Set: images}, nil }
}

func TestChange(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "hocker.lock.json")
	images := parseExample(t).Images
	before, after, err := Writer{Path: path}.Change(t.Context(), func(f File) (Edit, error) {
		if f.Found() || len(f.Images) > 0 {
			t.Errorf("planned for %+v", f)
		}
		return Edit{Set: images}, nil
	})
	if err != nil || len(before.Images) != 0 || len(after.Images) != 2 {
		t.Fatalf("got %v and %v: %v", before.Names(), after.Names(), err)
	}
	checkContent(t, path, example)
	dry := Writer{Path: path, DryRun: true}
	if _, after, err := dry.Change(t.Context(), func(f File) (Edit, error) {
		return Edit{Remove: []string{"app"}}, nil
	}); err != nil || len(after.Images) != 1 {
		t.Errorf("dry run: %v, %v", after.Names(), err)
	}
	checkContent(t, path, example)
	refused := errors.New("refused")
	if _, _, err := (Writer{Path: path}).Change(t.Context(), func(File) (Edit, error) { return Edit{}, refused }); err != refused {
		t.Errorf("got %v", err)
	}
	checkContent(t, path, example)
	checkAlone(t, path)
}

// checkAlone checks that the file is the only one in its folder.
func checkAlone(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("files in the folder of %s: %v, %v", path, entries, err)
	}
}

// Many concurrent writers each add an image. None is lost.
func TestChangeAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hocker.lock.json")
	image := parseExample(t).Images["app"]
	var names []string
	var group sync.WaitGroup
	for n := range 40 {
		name := fmt.Sprintf("image%02d", n)
		names = append(names, name)
		group.Go(func() {
			if _, _, err := (Writer{Path: path}).Change(t.Context(), set(map[string]Image{name: image})); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	f, err := Read(path)
	if err != nil || !slices.Equal(f.Names(), names) {
		t.Errorf("got %d images, want %d: %v, %v", len(f.Images), len(names), f.Names(), err)
	}
	checkAlone(t, path)
}

// A change by another program during plan is kept. If it is to the same image, plan is
// called again.
func TestChangeMeanwhile(t *testing.T) {
	path := place(t)
	app := parseExample(t).Images["app"]
	retagged := func(tag string) Image {
		i := app
		i.Reference.Tag = tag
		return i
	}
	var plans []string
	before, after, err := Writer{Path: path}.Change(t.Context(), func(f File) (Edit, error) {
		plans = append(plans, f.Images["app"].Reference.Tag)
		meanwhile := []map[string]Image{
			{"other": app},
			{"app": retagged("2")},
			{"app": retagged("3"), "third": app},
			nil,
		}[len(plans)]
		if _, _, err := (Writer{Path: path}).Change(t.Context(), set(meanwhile)); err != nil {
			t.Fatal(err)
		}
		return Edit{Set: map[string]Image{"app": retagged(f.Images["app"].Reference.Tag + "-mine")}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"1", "2", "3"}; !slices.Equal(plans, want) {
		t.Errorf("plan was called for %q, want %q", plans, want)
	}
	if got := before.Images["app"].Reference.Tag; got != "3" {
		t.Errorf("before: %q", got)
	}
	found, err := Read(path)
	if err != nil || !maps.EqualFunc(found.Images, after.Images, func(a, b Image) bool { return a.Reference == b.Reference }) {
		t.Errorf("the file has %v, Change returned %v: %v", found.Names(), after.Names(), err)
	}
	if got := found.Images["app"].Reference.Tag; got != "3-mine" || len(found.Images) != 3 {
		t.Errorf("app is %q in %v", got, found.Names())
	}
}

// A change to an image that the plan leaves alone does not call plan again.
func TestChangeKeepsWhatOthersChange(t *testing.T) {
	path := place(t)
	plans := 0
	_, _, err := Writer{Path: path}.Change(t.Context(), func(f File) (Edit, error) {
		plans++
		_, _, err := Writer{Path: path}.Change(t.Context(), func(File) (Edit, error) {
			return Edit{Remove: []string{"app"}}, nil
		})
		return Edit{Set: f.Images}, err
	})
	f, readErr := Read(path)
	if err != nil || readErr != nil || !slices.Equal(f.Names(), []string{"debian"}) || plans != 1 {
		t.Errorf("the file has %v after %d plans: %v, %v", f.Names(), plans, err, readErr)
	}
}

// Change waits for the lock until the context ends.
func TestChangeWaits(t *testing.T) {
	path := place(t)
	release, err := hold(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	interrupted := errors.New("interrupted")
	var notices []string
	w := Writer{Path: path, Notice: func(line string) {
		notices = append(notices, line)
		cancel(interrupted)
	}}
	remove := func(File) (Edit, error) { return Edit{Remove: []string{"app"}}, nil }
	if _, _, err := w.Change(ctx, remove); err != interrupted {
		t.Errorf("got %v", err)
	}
	if want := "waiting for another program that holds the lock on the folder " + filepath.Dir(path); !slices.Equal(notices, []string{want}) {
		t.Errorf("notices %q, want %q", notices, want)
	}
	checkContent(t, path, example)
	w.Notice = func(string) { release() }
	if _, after, err := w.Change(t.Context(), remove); err != nil || len(after.Images) != 1 {
		t.Errorf("%v, %v", after.Names(), err)
	}
}

// What was planned before a failure or a signal is written, after another program has
// released the file.
func TestChangeKeepsWhatIsDone(t *testing.T) {
	path, images := place(t), parseExample(t).Images
	ctx, cancel := context.WithCancelCause(t.Context())
	interrupted := errors.New("interrupted")
	cancel(interrupted)
	release, err := hold(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	w := Writer{Path: path, Notice: func(string) { release() }}
	before, after, err := w.Change(ctx, func(File) (Edit, error) {
		return Edit{Set: map[string]Image{"new": images["app"]}}, interrupted
	})
	if err != interrupted || len(before.Images) != 2 || len(after.Images) != 3 {
		t.Errorf("got %v and %v: %v", before.Names(), after.Names(), err)
	}
	f, err := Read(path)
	if err != nil || len(f.Images) != 3 {
		t.Errorf("%v, %v", f.Names(), err)
	}
	checkAlone(t, path)
}

func TestChangeKeepsModeAndOwner(t *testing.T) {
	path := place(t)
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	owner := os.Getuid()
	if owner == 0 {
		owner = 12345
		if err := os.Chown(path, owner, owner); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := (Writer{Path: path}).Change(t.Context(), set(map[string]Image{"app": {}})); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o640 || int(info.Sys().(*syscall.Stat_t).Uid) != owner {
		t.Errorf("got mode %v, owner %d, want owner %d: %v", info.Mode(), info.Sys().(*syscall.Stat_t).Uid, owner, err)
	}
	checkAlone(t, path)
}

func TestChangeKeepsLinks(t *testing.T) {
	dir := t.TempDir()
	for _, folder := range []string{"real", "work", "elsewhere"} {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	links := map[string]string{
		at("work/relative"): "../real/file",
		at("work/absolute"): at("real/file"),
		at("work/twice"):    "absolute",
		at("folder"):        "work",
		at("work/dangling"): "../elsewhere/new",
	}
	for link, to := range links {
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
	}
	images := parseExample(t).Images
	for _, c := range []struct{ path, target string }{
		{"work/relative", "real/file"},
		{"work/absolute", "real/file"},
		{"work/twice", "real/file"},
		{"folder/relative", "real/file"},
		{"work/dangling", "elsewhere/new"},
	} {
		if err := os.RemoveAll(at("real/file")); err != nil {
			t.Fatal(err)
		}
		for _, edit := range []map[string]Image{{"app": images["app"]}, images} {
			if _, _, err := (Writer{Path: at(c.path)}).Change(t.Context(), set(edit)); err != nil {
				t.Fatal(err)
			}
		}
		checkContent(t, at(c.target), example)
		for link, to := range links {
			if got, err := os.Readlink(link); err != nil || got != to {
				t.Errorf("%s: %s leads to %q, %v", c.path, link, got, err)
			}
		}
	}
}

// A file with several hard links is overwritten in place, longer or shorter.
func TestChangeKeepsHardLinks(t *testing.T) {
	path := place(t)
	other := filepath.Join(t.TempDir(), "other")
	if err := os.Link(path, other); err != nil {
		t.Fatal(err)
	}
	app := parseExample(t).Images["app"]
	for _, edit := range []Edit{{Set: map[string]Image{"more": app}}, {Remove: []string{"more"}}} {
		if _, _, err := (Writer{Path: path}).Change(t.Context(), func(File) (Edit, error) { return edit, nil }); err != nil {
			t.Fatal(err)
		}
		if f, err := Read(other); err != nil || len(f.Images) != 2+len(edit.Set) {
			t.Errorf("%v, %v", f.Names(), err)
		}
	}
	checkContent(t, other, example)
	checkAlone(t, path)
}

func TestChangeWithoutFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none", "hocker.lock.json")
	_, _, err := (Writer{Path: path}).Change(t.Context(), set(nil))
	var folder *NoFolderError
	if want := "folder " + filepath.Dir(path) + " does not exist"; !errors.As(err, &folder) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// Nix ignores one byte order mark, at the start.
func TestByteOrderMark(t *testing.T) {
	path := place(t)
	if err := os.WriteFile(path, []byte(byteOrderMark+example), 0o644); err != nil {
		t.Fatal(err)
	}
	if f, err := Read(path); err != nil || len(f.Images) != 2 {
		t.Errorf("%v, %v", f.Names(), err)
	}
	if _, _, err := (Writer{Path: path}).Change(t.Context(), set(nil)); err != nil {
		t.Fatal(err)
	}
	checkContent(t, path, example)
	for _, text := range []string{" " + byteOrderMark + example, byteOrderMark + byteOrderMark + example, strings.Replace(example, ":", ":"+byteOrderMark, 1)} {
		if _, err := Parse([]byte(text)); err == nil {
			t.Errorf("%.20q is accepted", text)
		}
	}
}

// Change does not wait for a pipe.
func TestChangeIrregular(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, dir} {
		_, _, err := Writer{Path: path}.Change(t.Context(), set(nil))
		var wrong *FileError
		if want := path + ": not a regular file, cannot be changed"; !errors.As(err, &wrong) || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
