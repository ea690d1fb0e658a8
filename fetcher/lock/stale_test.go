package lock

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
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

// A change of another image does not make a stale one look right.
func TestStaleBesideAnother(t *testing.T) {
	r := newRegistry()
	r.add(t, "old", manifest("old"))
	r.add(t, "new", manifest("new"))
	f := lockFile(t, r, map[string]Wanted{"app": wantedOf(t, "app:old", "linux/amd64")})
	data, err := f.Format()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "hocker.lock.json")
	edited := strings.Replace(string(data), `"tag": "old"`, `"tag": "new"`, 1)
	if err := os.WriteFile(path, []byte(edited), 0o644); err != nil {
		t.Fatal(err)
	}
	_, after, err := Writer{Path: path}.Change(t.Context(), func(before File) (Edit, error) {
		images, err := (&Locker{Source: r, Jobs: 1}).Lock(t.Context(), before, map[string]Wanted{"other": wantedOf(t, "app:old", "linux/amd64")})
		return Edit{Set: images}, err
	})
	if err != nil || len(after.Images) != 2 {
		t.Fatalf("%+v, %v", after, err)
	}
	const want = ": images.app: its tag or digest was changed without the rest: run `hocker lock update`"
	if _, err := Read(path); err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

// A bot has changed a tag or a digest. Whatever it was, an update writes the file that
// locking the image writes.
func TestEdited(t *testing.T) {
	r := newRegistry()
	old, moved := r.add(t, "1", manifest("old")), r.add(t, "2", manifest("new"))
	oldIndex := r.add(t, "i1", index(map[string]ocispec.Descriptor{"linux/amd64": old}))
	newIndex := r.add(t, "i2", index(map[string]ocispec.Descriptor{"linux/amd64": moved}))
	pinned := wantedOf(t, "app:i1@"+string(oldIndex.Digest), "linux/amd64")
	for _, tt := range []struct {
		name     string
		wanted   Wanted
		old, new string
		like     Wanted // what an update locks
	}{
		{"the tag", wantedOf(t, "app:1", "linux/amd64"), `"tag": "1"`, `"tag": "2"`, wantedOf(t, "app:2", "linux/amd64")},
		{"the tag of an index", wantedOf(t, "app:i1", "linux/amd64"), `"tag": "i1"`, `"tag": "i2"`, wantedOf(t, "app:i2", "linux/amd64")},
		{"the digest of a manifest", wantedOf(t, "app:1", "linux/amd64"), string(old.Digest) + `",
            "mediaType"`, string(moved.Digest) + `",
            "mediaType"`, wantedOf(t, "app:1", "linux/amd64")},
		{"the digest of an index", wantedOf(t, "app:i1", "linux/amd64"), string(oldIndex.Digest) + `",
        "mediaType"`, string(newIndex.Digest) + `",
        "mediaType"`, wantedOf(t, "app:i1", "linux/amd64")},
		{"the digest of a pinned index", pinned, string(oldIndex.Digest) + `",
        "mediaType"`, string(newIndex.Digest) + `",
        "mediaType"`, wantedOf(t, "app:i1@"+string(newIndex.Digest), "linux/amd64")},
		{"the tag, out of what is followed", following(t, "app:1", "1*"), `"tag": "1"`, `"tag": "2"`, func() Wanted {
			w := wantedOf(t, "app:2", "linux/amd64")
			w.Follow = "1*"
			return w
		}()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			format := func(w Wanted) []byte {
				images, err := (&Locker{Source: r, Jobs: 1}).Lock(t.Context(), File{}, map[string]Wanted{"app": w})
				if err != nil {
					t.Fatal(err)
				}
				data, err := Edit{Set: images}.apply(File{}).Format()
				if err != nil {
					t.Fatal(err)
				}
				return data
			}
			like := tt.like
			if like.Follow != "" {
				like.Follow = ""
			}
			want := format(like)
			if tt.like.Follow != "" {
				want = bytes.Replace(want, []byte(`      "imageName"`), []byte(`      "follow": "`+tt.like.Follow+"\",\n      \"imageName\""), 1)
			}
			locked := string(format(tt.wanted))
			edited := strings.Replace(locked, tt.old, tt.new, 1)
			if edited == locked {
				t.Fatalf("%s has no %s", locked, tt.old)
			}
			const reason = ": images.app: its tag or digest was changed without the rest: run `hocker lock update`"
			if _, err := Parse([]byte(edited)); err == nil || !strings.HasSuffix(err.Error(), reason) {
				t.Errorf("got %v", err)
			}
			stale, err := parseStale([]byte(edited))
			if err != nil {
				t.Fatal(err)
			}
			after := update(t, r, stale)
			was := tt.wanted.Reference
			if c := Compare(stale, after); len(c) != 1 || c[0].Was.Tag != was.Tag || c[0].Old != digest.FromBytes(r.manifests[was.Tag]) {
				t.Errorf("changes %+v", c)
			}
			if got, err := after.Format(); err != nil || !bytes.Equal(got, want) {
				t.Errorf("updated, it is %s, %v, want %s", got, err, want)
			}
		})
	}
}
