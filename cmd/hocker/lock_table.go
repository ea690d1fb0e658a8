package main

import (
	"fmt"

	"hocker/fetcher/bytecount"
	"hocker/fetcher/lock"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
)

// lockTableFlag shows changes.
type lockTableFlag struct {
	JSON bool `name:"json" help:"Print JSON instead of a table."`

	// mirrored returns the mirror whose word alone the digest of a tag is, or "". Nil
	// means that nothing was asked.
	mirrored func(reference.Reference) string
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
	Old        string `json:"old"` // empty: added
	New        string `json:"new"` // empty: removed
	LayersNew  int    `json:"layersNew"`
	LayersKept int    `json:"layersKept"`
	Bytes      int64  `json:"bytes"`
	Mirror     string `json:"mirror"` // whose word alone New is; or empty
}

func (f *lockTableFlag) show(p process, changes []lock.Change) error {
	if f.JSON {
		rows := []changeRow{}
		for _, c := range changes {
			rows = append(rows, changeRow{c.Name, c.Reference.String(), c.Old.String(), c.New.String(), c.LayersNew, c.LayersKept, c.Bytes, f.mirror(c)})
		}
		return writeJSON(p.stdout, rows)
	}
	if len(changes) == 0 {
		return writeLines(p.stdout, "nothing has changed")
	}
	rows := [][]string{{"IMAGE", "OLD", "", "NEW", "LAYERS", "TO FETCH"}}
	for _, c := range changes {
		layers := fmt.Sprintf("%d new, %d kept", c.LayersNew, c.LayersKept)
		now := tableDigest(c.New)
		if mirror := f.mirror(c); mirror != "" {
			now += " (says " + mirror + ")"
		}
		rows = append(rows, []string{c.Name, tableDigest(c.Old), "→", now, layers, bytecount.Format(c.Bytes)})
	}
	return writeTable(p.stdout, rows)
}

// tableDigest shortens a digest for a table. It returns - for none.
func tableDigest(d digest.Digest) string {
	if d == "" {
		return "-"
	}
	return fmt.Sprintf("%s:%.12s", d.Algorithm(), d.Encoded())
}
