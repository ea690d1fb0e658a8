package main

import (
	"strings"
	"testing"

	"hocker/fetcher/lock"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
)

// reported are changes of each kind.
func reported(t *testing.T) []lock.Change {
	parse := func(name string) reference.Reference {
		ref, err := reference.Parse(name)
		if err != nil {
			t.Fatal(err)
		}
		return ref
	}
	one, two := digest.FromString("1"), digest.FromString("2")
	return []lock.Change{
		{Name: "added", Reference: parse("nginx:1.29"), New: two, LayersNew: 2, Bytes: 1234},
		{Name: "bare", Reference: parse("nginx@" + string(two)), New: two},
		{Name: "moved", Reference: parse("debian:bookworm_1"), Was: parse("debian:bookworm_1"), Old: one, New: two, LayersKept: 3},
		{Name: "newer", Reference: parse("ghcr.io/org/my_app:1.30"), Was: parse("ghcr.io/org/my_app:1.29"), Old: one, New: two, Source: lock.Place{File: "a|b.yaml", Line: 12}},
		{Name: "pinned", Reference: parse("redis:8@" + string(two)), Was: parse("redis:8"), Old: two, New: two},
		{Name: "removed", Reference: parse("redis:8"), Was: parse("redis:8"), Old: one, Source: lock.Place{File: "c.yaml", Line: 3}},
		{Name: "retagged", Reference: parse("redis:8"), Was: parse("redis:8"), Old: two, New: two},
	}
}

func TestMarkdown(t *testing.T) {
	const table = `| Image | Old | New | Layers | To fetch | Source |
| --- | --- | --- | --- | --- | --- |
| added (nginx) | - | ` + "`1.29` `sha256:d4735e3a265e`" + ` | 2 new, 0 kept | 1.2 kB |  |
| bare (nginx) | - | ` + "`sha256:d4735e3a265e`" + ` | 0 new, 0 kept | 0 bytes |  |
| moved (debian) | ` + "`bookworm_1` `sha256:6b86b273ff34` | `bookworm_1` `sha256:d4735e3a265e`" + ` | 0 new, 3 kept | 0 bytes |  |
| newer (ghcr.io/org/my\_app) | ` + "`1.29` `sha256:6b86b273ff34` | `1.30` `sha256:d4735e3a265e`" + ` (says a\[b) | 0 new, 0 kept | 0 bytes | [a\|b.yaml:12](https://example.com/a#L12) |
| pinned (redis) | ` + "`8` `sha256:d4735e3a265e` | `8` `sha256:d4735e3a265e`" + ` | 0 new, 0 kept | 0 bytes |  |
| removed (redis) | ` + "`8` `sha256:6b86b273ff34`" + ` | - | 0 new, 0 kept | 0 bytes | c.yaml:3 |
| retagged (redis) | ` + "`8` `sha256:d4735e3a265e` | `8` `sha256:d4735e3a265e`" + ` | 0 new, 0 kept | 0 bytes |  |
`
	f := &lockTableFlag{mirrored: func(ref reference.Reference) string {
		return map[string]string{"org/my_app": "a[b"}[ref.Path]
	}}
	link := func(place lock.Place) string {
		return map[int]string{12: "https://example.com/a#L12"}[place.Line]
	}
	var got strings.Builder
	if err := f.writeMarkdown(&got, reported(t), link); err != nil || got.String() != table {
		t.Errorf("got %v\n%s\nwant\n%s", err, got.String(), table)
	}
	got.Reset()
	if err := f.writeMarkdown(&got, reported(t)[:1], link); err != nil || strings.Contains(got.String(), "Source") {
		t.Errorf("without a source: %v\n%s", err, got.String())
	}
	got.Reset()
	if err := f.writeMarkdown(&got, nil, link); err != nil || got.String() != "Nothing has changed.\n" {
		t.Errorf("without a change: %v\n%s", err, got.String())
	}
}

func TestCommitMessage(t *testing.T) {
	changes := reported(t)
	two := string(digest.FromString("2"))
	all := `Update 7 container images

- added: add 1.29 (nginx) ` + two + `
- bare: add sha256:d4735e3a265e (nginx) ` + two + `
- moved: bookworm_1 sha256:6b86b273ff34 -> sha256:d4735e3a265e (debian) ` + two + `
- newer: 1.29 -> 1.30 (ghcr.io/org/my_app) ` + two + `
- pinned: pin sha256:d4735e3a265e (redis) ` + two + `
- removed: remove (redis)
- retagged: sha256:d4735e3a265e (redis) ` + two + "\n"
	if got := commitMessage(changes); got != all {
		t.Errorf("got\n%s\nwant\n%s", got, all)
	}
	if got, _, _ := strings.Cut(commitMessage(changes[3:4]), "\n"); got != "newer: 1.29 -> 1.30" {
		t.Errorf("one image: %s", got)
	}
	changes[3].Name = strings.Repeat("n", 100)
	if got, _, _ := strings.Cut(commitMessage(changes[3:4]), "\n"); got != "Update a container image" {
		t.Errorf("a long name: %s", got)
	}
}
