package main

import (
	"context"
	"fmt"
	"strings"

	"hocker/fetcher/bytecount"
	"hocker/fetcher/lock"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
)

// lockTableFlag shows changes.
type lockTableFlag struct {
	Format string `enum:"table,markdown,json" default:"table" placeholder:"FORMAT" help:"Print a table, a markdown table for a pull request, or json (default: table)."`
	JSON   bool   `name:"json" help:"The same as --format json."`

	message commitMessageFlag
	// sourcesChanged reports whether the file remembers other sources now.
	sourcesChanged bool
	// mirrored returns the mirror whose word alone the digest of a tag is, or "". Nil
	// means that nothing was asked.
	mirrored func(reference.Reference) string
	// named has the places that name the images, by their names.
	named map[string]lock.Place
}

// check is called by Validate.
func (f *lockTableFlag) check() error {
	if f.JSON && f.Format == "markdown" {
		return fmt.Errorf("--json and --format markdown cannot be used together")
	}
	return nil
}

// withPlaces adds the places that name the images.
func (f *lockTableFlag) withPlaces(changes []lock.Change) []lock.Change {
	for i, c := range changes {
		changes[i].Source = f.named[c.Name]
	}
	return changes
}

// mirror returns the mirror of a change, or "".
func (f *lockTableFlag) mirror(c lock.Change) string {
	if f.mirrored == nil {
		return ""
	}
	return f.mirrored(c.Reference)
}

// changeRow is a change in the output of --json.
type changeRow struct {
	Name       string `json:"name"`
	Reference  string `json:"reference"`
	OldTag     string `json:"oldTag"`
	NewTag     string `json:"newTag"`
	Old        string `json:"old"` // empty: added
	New        string `json:"new"` // empty: removed
	LayersNew  int    `json:"layersNew"`
	LayersKept int    `json:"layersKept"`
	Bytes      int64  `json:"bytes"`
	Mirror     string `json:"mirror"` // whose word alone New is; or empty
	Source     string `json:"source"` // FILE:LINE that names the image; or empty
}

func (f *lockTableFlag) show(ctx context.Context, p process, changes []lock.Change) error {
	switch {
	case f.Format == "markdown":
		return f.writeMarkdown(p.stdout, changes, sourceLinks(ctx, p))
	case f.JSON, f.Format == "json":
		rows := []changeRow{}
		for _, c := range changes {
			row := changeRow{Name: c.Name, Reference: c.Reference.String(), OldTag: c.Was.Tag, Old: c.Old.String(), New: c.New.String(), LayersNew: c.LayersNew, LayersKept: c.LayersKept, Bytes: c.Bytes, Mirror: f.mirror(c), Source: c.Source.String()}
			if c.New != "" {
				row.NewTag = c.Reference.Tag
			}
			rows = append(rows, row)
		}
		return writeJSON(p.stdout, rows)
	case len(changes) == 0 && f.sourcesChanged:
		return writeLines(p.stdout, "only the sources have changed")
	case len(changes) == 0:
		return writeLines(p.stdout, "nothing has changed")
	}
	rows := [][]string{{"IMAGE", "OLD", "", "NEW", "LAYERS", "TO FETCH"}}
	for _, c := range changes {
		layers := fmt.Sprintf("%d new, %d kept", c.LayersNew, c.LayersKept)
		was, now := tableVersions(c)
		if mirror := f.mirror(c); mirror != "" {
			now += " (says " + mirror + ")"
		}
		rows = append(rows, []string{c.Name, was, "→", now, layers, bytecount.Format(c.Bytes)})
	}
	return writeTable(p.stdout, rows)
}

// tableVersions returns what was and is locked, for a table: the digests, and the tags if
// they differ or were chosen.
func tableVersions(c lock.Change) (was, is string) {
	was, is = tableDigest(c.Old), tableDigest(c.New)
	if c.New == "" || !c.Followed && (c.Old == "" || c.Was.Tag == c.Reference.Tag) {
		return was, is
	}
	return strings.TrimSpace(c.Was.Tag + " " + was), strings.TrimSpace(c.Reference.Tag + " " + is)
}

// tableDigest shortens a digest for a table. It returns - for none.
func tableDigest(d digest.Digest) string {
	if d == "" {
		return "-"
	}
	return fmt.Sprintf("%s:%.12s", d.Algorithm(), d.Encoded())
}
