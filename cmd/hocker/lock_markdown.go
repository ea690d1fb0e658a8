package main

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"hocker/fetcher/bytecount"
	"hocker/fetcher/lock"
)

// writeMarkdown writes changes as a table for the description of a pull request. A column
// for the sources is there if one is known.
func (f *lockTableFlag) writeMarkdown(w io.Writer, changes []lock.Change) error {
	if len(changes) == 0 {
		return writeLines(w, "Nothing has changed.")
	}
	header, withSources := []string{"Image", "Old", "New", "Layers", "To fetch"}, false
	for _, c := range changes {
		withSources = withSources || c.Source != ""
	}
	if withSources {
		header = append(header, "Source")
	}
	lines := []string{markdownRow(header), "|" + strings.Repeat(" --- |", len(header))}
	for _, c := range changes {
		now := markdownVersion(c.New != "", c.Reference.Tag, tableDigest(c.New))
		if mirror := f.mirror(c); mirror != "" {
			now += " (says " + markdownText(mirror) + ")"
		}
		row := []string{
			markdownText(c.Name) + " (" + markdownText(c.Reference.Repository.Familiar()) + ")",
			markdownVersion(c.Old != "", c.Was.Tag, tableDigest(c.Old)),
			now,
			fmt.Sprintf("%d new, %d kept", c.LayersNew, c.LayersKept),
			bytecount.Format(c.Bytes),
		}
		if withSources {
			row = append(row, markdownText(c.Source))
		}
		lines = append(lines, markdownRow(row))
	}
	return writeLines(w, lines...)
}

func markdownRow(cells []string) string { return "| " + strings.Join(cells, " | ") + " |" }

// markdownVersion formats a tag, which may be empty, and a digest. Neither has a
// character that ends its quotes.
func markdownVersion(locked bool, tag, digest string) string {
	switch {
	case !locked:
		return "-"
	case tag == "":
		return "`" + digest + "`"
	}
	return "`" + tag + "` `" + digest + "`"
}

// markdownSpecial matches the characters that Markdown interprets within a line.
var markdownSpecial = regexp.MustCompile("[\\\\`*_{}\\[\\]<>()#!|~&]")

func markdownText(s string) string { return markdownSpecial.ReplaceAllString(s, `\$0`) }
