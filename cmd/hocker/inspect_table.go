package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"hocker/fetcher/bytecount"
	"hocker/fetcher/inspect"
	"hocker/fetcher/printable"
)

// writeImages writes two tables for each image: what it is, and how it was made. Each row
// begins with our own word, so that no text of an image can look like a row.
func writeImages(w io.Writer, images []*inspect.Image) error {
	for n, i := range images {
		if n > 0 {
			if err := writeLines(w, ""); err != nil {
				return err
			}
		}
		if err := writeTable(w, imageTable(i)); err != nil {
			return err
		}
		if err := writeLines(w, ""); err != nil {
			return err
		}
		if err := writeTable(w, layerTable(i)); err != nil {
			return err
		}
	}
	return nil
}

func imageTable(i *inspect.Image) [][]string {
	fields := []inspect.Field{
		{Name: "reference", Values: []string{i.Reference}},
		{Name: "index", Values: []string{i.Index.String()}},
		{Name: "manifest", Values: []string{i.Manifest.String()}},
		{Name: "config", Values: []string{i.Config.String()}},
		{Name: "size", Values: []string{bytecount.Format(i.Size)}},
		{Name: "platforms"},
	}
	platforms := &fields[len(fields)-1]
	for _, p := range i.Platforms {
		platforms.Values = append(platforms.Values, p.Platform)
	}
	fields = append(fields, i.Fields()...)
	signatures := inspect.Field{Name: "signatures"}
	for _, s := range i.Signatures {
		signatures.Values = append(signatures.Values, s.Kind+" of "+tableDigest(s.Digest))
	}
	switch {
	case len(i.Signatures) > 0:
	case i.SignaturesUnread:
		signatures.Values = []string{"unknown"}
	default:
		signatures.Values = []string{"none"}
	}
	signer := inspect.Field{Name: "signedBy", Values: []string{i.SignedBy.String()}}
	return fieldRows(append(fields, inspect.Field{Name: "environment", Values: i.Environment},
		named("labels", i.Labels), named("annotations", i.Annotations), signatures, signer))
}

// named returns a field whose values have names.
func named(field string, values map[string]string) inspect.Field {
	f := inspect.Field{Name: field}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		f.Values = append(f.Values, printable.Cell(name)+"="+values[name])
	}
	return f
}

// fieldRows returns a row for each value that is there, with the name that it has in the
// output of --json.
func fieldRows(fields []inspect.Field) [][]string {
	var rows [][]string
	for _, f := range fields {
		if f.IsCommand {
			f.Values = []string{words(f.Values)}
		}
		for _, value := range f.Values {
			if value != "" {
				rows = append(rows, []string{f.Name, value})
			}
		}
	}
	return rows
}

// words writes a command as JSON, which shows where a word ends. It is empty for none.
func words(list []string) string {
	if len(list) == 0 {
		return ""
	}
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(list) != nil {
		return ""
	}
	return strings.TrimSuffix(text.String(), "\n")
}

// layerTable has a row for each step of the history, or for each layer if that is unknown.
func layerTable(i *inspect.Image) [][]string {
	rows := [][]string{{"LAYER", "DIGEST", "SIZE", "COMMAND"}}
	steps := i.History
	if !i.HistoryFits() {
		steps = make([]inspect.Step, len(i.Layers))
	}
	layer := 0
	for _, step := range steps {
		row := []string{"-", "-", "-", shortCommand(step.Command)}
		if !step.Empty {
			l := i.Layers[layer]
			row[0], row[1], row[2] = fmt.Sprint(layer), tableDigest(l.Digest), bytecount.Format(l.Size)
			layer++
		}
		rows = append(rows, row)
	}
	return rows
}

// maxCommand is the longest command in a table, in characters. --json has all of it.
const maxCommand = 100

func shortCommand(command string) string {
	if command == "" {
		return "-"
	}
	text := []rune(printable.Text(command))
	if len(text) > maxCommand {
		text = append(text[:maxCommand-1], '…')
	}
	return string(text)
}
