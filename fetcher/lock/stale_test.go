package lock

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A bot has changed a digest alone. Nothing reads such a file, but an update makes it right.
func TestStale(t *testing.T) {
	r := newRegistry()
	old, moved := r.add(t, "old", manifest("old")), r.add(t, "new", manifest("new"))
	f := lockFile(t, r, map[string]Wanted{"app": wantedOf(t, "app@"+string(old.Digest), "linux/amd64"), "other": wantedOf(t, "app:old", "linux/amd64")})
	data, err := f.Format()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "hocker.lock.json")
	edited := strings.Replace(string(data), `"tag": "`+string(old.Digest), `"tag": "`+string(moved.Digest), 1)
	if err := os.WriteFile(path, []byte(edited), 0o644); err != nil {
		t.Fatal(err)
	}
	want := ": images.app.tag: the locked image has another digest, " + string(old.Digest) + ": run `hocker lock update`"
	if _, err := Read(path); err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	change := func(names ...string) {
		t.Helper()
		_, _, err := Writer{Path: path}.Change(t.Context(), func(before File) (Edit, error) {
			images, err := (&Locker{Source: r, Jobs: 1}).Update(t.Context(), before, names)
			return Edit{Set: images}, err
		})
		if err != nil {
			t.Error(err)
		}
	}
	change("other")
	checkContent(t, path, edited)
	change("app", "other")
	after, err := Read(path)
	if app := after.Images["app"]; err != nil || app.Digest() != moved.Digest || app.Reference.Digest != moved.Digest {
		t.Errorf("updated, it is %+v, %v", app, err)
	}
}
