package lock

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"hocker/fetcher/content"

	"github.com/opencontainers/go-digest"
)

// following returns the wish for an image that follows tags.
func following(t *testing.T, name, follow string) Wanted {
	w := wantedOf(t, name, "linux/amd64")
	w.Follow = follow
	return w
}

func TestFollow(t *testing.T) {
	r := newRegistry()
	r.add(t, "1.29.2", manifest("two"))
	third := r.add(t, "1.29.3", manifest("base", "three"))
	r.add(t, "1.29.4-alpine", manifest("alpine"))
	r.add(t, "1.30.0", manifest("thirty"))
	f := lockFile(t, r, map[string]Wanted{"app": following(t, "app:latest", "1.29.*"), "all": following(t, "app:1.29.2", "^1.29")})
	checkRequests(t, r, "GET app tags", "GET app 1.29.3", askedConfig("base", "three"), "GET app 1.30.0", askedConfig("thirty"))
	app := f.Images["app"]
	if app.Reference.Tag != "1.29.3" || app.Digest() != third.Digest || app.Follow != "1.29.*" || f.Images["all"].Reference.Tag != "1.30.0" {
		t.Errorf("locked %+v", f.Images)
	}
	if printed, err := f.Format(); err != nil || !strings.Contains(string(printed), "\"follow\": \"1.29.*\",\n") || !strings.Contains(string(printed), `"version": 4`) {
		t.Errorf("formatted, it is %s, %v", printed, err)
	}

	// Nothing is new: the tags, and the digests of those that are locked.
	if again := update(t, r, f); !reflect.DeepEqual(again, f) {
		t.Errorf("without a change, got %+v", again)
	}
	checkRequests(t, r, "GET app tags", "HEAD app 1.29.3", "HEAD app 1.30.0")

	// A new tag, and one that moves.
	fifth := r.add(t, "1.29.5", manifest("base", "five"))
	moved := r.add(t, "1.30.0", manifest("again"))
	after := update(t, r, f)
	checkRequests(t, r, "GET app tags", "HEAD app 1.29.5", "HEAD app 1.30.0",
		"GET app "+string(fifth.Digest), askedConfig("base", "five"), "GET app "+string(moved.Digest), askedConfig("again"))
	if i := after.Images["app"]; i.Reference.Tag != "1.29.5" || i.Digest() != fifth.Digest || i.Follow != "1.29.*" {
		t.Errorf("updated %+v", i)
	}
	changes := Compare(f, after)
	if len(changes) != 2 || changes[1].Was.Tag != "1.29.3" || changes[1].Reference.Tag != "1.29.5" || !changes[1].Followed || changes[1].LayersKept != 1 {
		t.Errorf("changes %+v", changes)
	}
	tags, err := (&Locker{Source: r, Jobs: 4}).Check(t.Context(), f)
	if app := tags["app"]; err != nil || !app.Moved() || app.Now.Tag != "1.29.5" || app.Current != fifth.Digest {
		t.Errorf("checked %+v, %v", tags, err)
	}

	// A tag for the same image.
	r.manifests["1.29.6"] = r.manifests["1.29.5"]
	if i := update(t, r, after).Images["app"]; i.Reference.Tag != "1.29.6" || i.Digest() != fifth.Digest {
		t.Errorf("for the same image: %+v", i)
	}
	if tag := (Tag{Reference: app.Reference, Now: after.Images["app"].Reference}); !tag.Moved() {
		t.Errorf("%+v has not moved", tag)
	}
}

func TestFollowOlder(t *testing.T) {
	r := newRegistry()
	older := r.add(t, "1.29.2", manifest("two"))
	r.add(t, "1.29.3", manifest("three"))
	f := lockFile(t, r, map[string]Wanted{"app": following(t, "app:latest", "1.*")})
	delete(r.manifests, "1.29.3")
	r.requests()
	var lines []string
	l := &Locker{Source: r, Jobs: 1, Notice: func(line string) { lines = append(lines, line) }}
	images, err := l.Update(t.Context(), f, f.Names())
	if err != nil || !reflect.DeepEqual(images, f.Images) {
		t.Errorf("got %+v, %v", images, err)
	}
	checkRequests(t, r, "GET app tags")
	want := "localhost:5000/app:1.29.3 stays locked, but the registry no longer lists it: --allow-downgrade takes 1.29.2"
	if len(lines) != 1 || lines[0] != want {
		t.Errorf("notices %q", lines)
	}
	l.AllowDowngrade = true
	images, err = l.Update(t.Context(), f, f.Names())
	if i := images["app"]; err != nil || i.Reference.Tag != "1.29.2" || i.Digest() != older.Digest {
		t.Errorf("got %+v, %v", i, err)
	}
	// A tag that is outside of the pattern stays if it is newer, and listed.
	r.add(t, "2.0.0", manifest("2"))
	i := f.Images["app"]
	i.Reference.Tag = "2.0.0"
	l.AllowDowngrade = false
	images, err = l.Update(t.Context(), File{Images: map[string]Image{"app": i}}, []string{"app"})
	if got := images["app"]; err != nil || got.Reference.Tag != "2.0.0" || got.Digest() != digest.FromBytes(r.manifests["2.0.0"]) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestFollowNothing(t *testing.T) {
	r := newRegistry()
	r.add(t, "1.30.0", manifest("thirty"))
	for in, want := range map[string]string{
		"app:latest":      "none of the 1 tags of localhost:5000/app is a version that matches 1.29.*",
		"app:1.29-alpine": "none of the 1 tags of localhost:5000/app is a version that matches 1.29.* and has the suffix of 1.29-alpine",
	} {
		_, err := (&Locker{Source: r, Jobs: 1}).Lock(t.Context(), File{}, map[string]Wanted{"app": following(t, in, "1.29.*")})
		var failed *FailuresError
		if !errors.As(err, &failed) || failed.Failures[0].Err.Error() != want || !errors.Is(err, content.ErrNotFound) {
			t.Errorf("%s: %v", in, err)
		}
	}
	r.requests()
	r.errs["localhost:5000"] = content.ErrUnreachable
	_, err := (&Locker{Source: r, Jobs: 1}).Lock(t.Context(), File{}, map[string]Wanted{"app": following(t, "app", "1.*"), "b": following(t, "b", "1.*")})
	if got := r.requests(); len(got) != 1 || !errors.Is(err, content.ErrUnavailable) {
		t.Errorf("asked %q, %v", got, err)
	}
}

func TestOutdated(t *testing.T) {
	r := newRegistry()
	for _, tag := range []string{"1.29.3", "1.29", "1.28-alpine"} {
		r.add(t, tag, manifest(tag))
	}
	pinned := wantedOf(t, "app:1.29.3@"+string(digest.FromBytes(r.manifests["1.29.3"])), "linux/amd64")
	bare := wantedOf(t, "app@"+string(pinned.Reference.Digest), "linux/amd64")
	f := lockFile(t, r, map[string]Wanted{
		"patch": following(t, "app:1.29.3", "1.29.*"), "minor": following(t, "app:1.29.3", "^1.29"), "all": following(t, "app:1.29.3", ">=1"),
		"short": wantedOf(t, "app:1.29", "linux/amd64"), "alpine": wantedOf(t, "app:1.28-alpine", "linux/amd64"), "pinned": pinned, "bare": bare,
	})
	for _, tag := range []string{"1.29.4", "1.30", "1.30.1", "2.0.1", "3-rc1", "1.30-alpine", "latest"} {
		r.add(t, tag, manifest(tag))
	}
	r.requests()
	got, err := (&Locker{Source: r, Jobs: 4}).Outdated(t.Context(), f, f.Names())
	want := map[string]string{"patch": "2.0.1", "minor": "2.0.1", "all": "", "short": "1.30", "alpine": "1.30-alpine", "pinned": "2.0.1", "bare": ""}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	checkRequests(t, r, "GET app tags")
	r.errs["localhost:5000"] = content.ErrDenied
	got, err = (&Locker{Source: r, Jobs: 4}).Outdated(t.Context(), f, f.Names())
	if len(got) != 1 || !errors.Is(err, content.ErrDenied) {
		t.Errorf("got %q, %v", got, err)
	}
}
