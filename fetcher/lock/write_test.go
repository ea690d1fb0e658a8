package lock

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "hocker.lock.json")
	f := parseExample(t)
	if err := f.Write(path); err != nil {
		t.Fatal(err)
	}
	checkContent(t, path, example)
	found, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	// Somebody else is quicker.
	other := strings.Replace(example, `"tag": "1"`, `"tag": "2"`, 1)
	if err := os.WriteFile(path, []byte(other), 0o644); err != nil {
		t.Fatal(err)
	}
	want := path + " has changed since it was read: nothing was written, run the command again"
	if err := found.Without("debian").Write(path); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := f.Write(path); err == nil {
		t.Error("a file that was not there has come, and is written over")
	}
	checkContent(t, path, other)
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestWriteWithoutChange(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hocker.lock.json")
	if err := os.WriteFile(path, []byte(example), 0o400); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Write(path); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
		t.Errorf("it was written again: %v", err)
	}
}

func checkContent(t *testing.T, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s has %s, %v", path, got, err)
	}
}

func TestCheckName(t *testing.T) {
	for name, ok := range map[string]bool{
		"debian": true, "_x": true, "a-b_C9": true, "withs": true,
		"": false, "1st": false, "-x": false, "a.b": false, "a b": false, "a'": false, "a\n": false, "é": false,
		"with": false, "or": false, "platforms": false, "inherit": false,
	} {
		if err := CheckName(name); (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
	}
}
