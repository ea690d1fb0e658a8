package main

import (
	"cmp"
	"fmt"
	"io"

	"hocker/fetcher/bytecount"
	"hocker/fetcher/inspect"
	"hocker/fetcher/printable"
)

// writeDifference writes tables of what two images are, of their layers and of the changes
// in the config and annotations.
func writeDifference(w io.Writer, d *inspect.Difference) error {
	tables := [][][]string{sideTable(d), changedLayerTable(d.Layers)}
	if len(d.Changes) > 0 {
		tables = append(tables, changeTable(d.Changes))
	}
	for _, table := range tables {
		if err := writeTable(w, table); err != nil {
			return err
		}
		if err := writeLines(w, ""); err != nil {
			return err
		}
	}
	return writeLines(w, summary(d))
}

func sideTable(d *inspect.Difference) [][]string {
	return [][]string{
		{"", "OLD", "NEW"},
		{"reference", cmp.Or(d.Old.Reference, "-"), cmp.Or(d.New.Reference, "-")},
		{"index", tableDigest(d.Old.Index), tableDigest(d.New.Index)},
		{"manifest", tableDigest(d.Old.Manifest), tableDigest(d.New.Manifest)},
		{"config", tableDigest(d.Old.Config), tableDigest(d.New.Config)},
		{"size", bytecount.Format(d.Old.Size), bytecount.Format(d.New.Size)},
	}
}

func changedLayerTable(layers []inspect.LayerChange) [][]string {
	rows := [][]string{{"LAYER", "DIGEST", "SIZE", "COMMAND"}}
	for _, l := range layers {
		rows = append(rows, []string{l.State, tableDigest(l.Digest), bytecount.Format(l.Size), shortCommand(l.Command)})
	}
	return rows
}

func changeTable(changes []inspect.Change) [][]string {
	rows := [][]string{{"FIELD", "NAME", "OLD", "NEW"}}
	for _, c := range changes {
		rows = append(rows, []string{c.Field, printable.Cell(c.Name), changed(c.Old), changed(c.New)})
	}
	return rows
}

// changed returns a value as a cell, which is - only for none.
func changed(value []string) string {
	switch {
	case len(value) == 0:
		return "-"
	case len(value) > 1:
		return printable.Cell(words(value))
	case value[0] == "", value[0] == "-":
		return fmt.Sprintf("%q", value[0])
	}
	return printable.Cell(value[0])
}

// summary says how much of the new image the old one has.
func summary(d *inspect.Difference) string {
	count := map[string]int{}
	for _, l := range d.Layers {
		count[l.State]++
	}
	text := fmt.Sprintf("layers: %d shared, %d new, %d gone", count[inspect.Shared], count[inspect.Added], count[inspect.Gone])
	if n := count[inspect.Repacked]; n > 0 {
		text += fmt.Sprintf(", %d repacked", n)
	}
	if d.Same {
		text += "; the images are the same"
	}
	return text + "; to fetch: " + bytecount.Format(d.Bytes)
}
