package main

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"

	"hocker/fetcher/bytecount"
	"hocker/fetcher/checkout"
	"hocker/fetcher/lock"
)

// sourceLinks returns a function that gives the address of a place on the service whose
// job this is, or "".
func sourceLinks(ctx context.Context, p process) func(lock.Place) string {
	checkout, ok := checkout.Find(p.getenv)
	if !ok {
		return func(lock.Place) string { return "" }
	}
	return func(place lock.Place) string { return checkout.URL(ctx, place.File, place.Line) }
}

// writeMarkdown writes changes as a table for the description of a pull request. A column
// for the sources is there if one is known.
func (f *lockTableFlag) writeMarkdown(w io.Writer, changes []lock.Change, link func(lock.Place) string) error {
	if len(changes) == 0 {
		return writeLines(w, "Nothing has changed.")
	}
	header, withSources := []string{"Image", "Old", "New", "Layers", "To fetch"}, false
	for _, c := range changes {
		withSources = withSources || c.Source != lock.Place{}
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
			row = append(row, markdownSource(c.Source, link))
		}
		lines = append(lines, markdownRow(row))
	}
	return writeLines(w, lines...)
}

// markdownSource formats a place as a link, if there is one. An address has no character
// that ends a link.
func markdownSource(place lock.Place, link func(lock.Place) string) string {
	text := markdownText(place.String())
	if place == (lock.Place{}) {
		return text
	}
	if address := link(place); address != "" {
		return "[" + text + "](" + address + ")"
	}
	return text
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
