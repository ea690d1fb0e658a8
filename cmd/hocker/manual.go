//go:build manual

// With the build tag manual, this program writes the manual pages of hocker into a
// folder: hocker.1, and a page for each command. They are made from the grammar.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run -tags manual ./cmd/hocker DIR")
		os.Exit(2)
	}
	if err := writeManual(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func writeManual(dir string) error {
	p := process{args: []string{"hocker"}, getenv: os.Getenv, stdout: newOutput(context.Background(), os.Stdout), stderr: newOutput(context.Background(), os.Stderr)}
	parser, err := p.parser(call(p.args))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return writePages(dir, parser.Model.Node)
}

// writePages writes the page of a command and those of its subcommands.
func writePages(dir string, node *kong.Node) error {
	if err := os.WriteFile(filepath.Join(dir, pageName(node)+".1"), []byte(manualPage(node)), 0o644); err != nil {
		return err
	}
	for _, child := range subcommands(node) {
		if err := writePages(dir, child); err != nil {
			return err
		}
	}
	return nil
}

// pageName returns the name of a command's page: hocker-lock-add, or docker2nix.
func pageName(node *kong.Node) string {
	if node.Parent == nil {
		return node.Name
	}
	if _, linked := links[node.Name]; linked {
		return node.Name
	}
	return pageName(node.Parent) + "-" + node.Name
}

// commandPath returns the command as it is typed: hocker lock add.
func commandPath(node *kong.Node) string {
	if node.Parent == nil {
		return node.Name
	}
	return commandPath(node.Parent) + " " + node.Name
}

// subcommands returns the subcommands that are not hidden.
func subcommands(node *kong.Node) []*kong.Node {
	return slices.DeleteFunc(slices.Clone(node.Children), func(child *kong.Node) bool { return child.Hidden })
}

// page is a manual page in the language of man(7).
type page struct{ strings.Builder }

func (p *page) line(format string, args ...any) { fmt.Fprintf(&p.Builder, format+"\n", args...) }

// manualPage returns the page of a command.
func manualPage(node *kong.Node) string {
	var p page
	name := pageName(node)
	p.line(`.TH %s 1 "%s" "hocker %s" "hocker"`, strings.ToUpper(name), date().Format(time.DateOnly), programVersion())
	p.line(".SH NAME")
	p.fill(roff(name) + ` \- ` + roff(strings.TrimSuffix(node.Help, ".")))
	p.line(".SH SYNOPSIS")
	p.line(".nf")
	for _, command := range synopses(node) {
		p.line(`\fB%s\fR%s`, roff(command), roff(arguments(node)))
	}
	p.line(".fi")
	p.line(".SH DESCRIPTION")
	p.text(node.Help)
	if node.Detail != "" {
		p.text(node.Detail)
	}
	p.arguments(node)
	p.flags(node)
	p.commands(node)
	if node.Parent == nil {
		p.exitStatus()
	}
	p.seeAlso(node)
	return p.String()
}

// synopses returns the ways to call a command: hocker image, and hocker-image.
func synopses(node *kong.Node) []string {
	all := []string{commandPath(node)}
	for link, command := range links {
		if node.Parent != nil && node.Parent.Parent == nil && command == node.Name {
			all = append(all, link)
		}
	}
	return all
}

// date returns the time of the sources, from the variable that reproducible builds set
// for this, or the current time:
// https://reproducible-builds.org/docs/source-date-epoch/
func date() time.Time {
	if seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64); err == nil {
		return time.Unix(seconds, 0).UTC()
	}
	return time.Now().UTC()
}

// arguments returns what follows the command in its synopsis.
func arguments(node *kong.Node) string {
	text := ""
	for _, flag := range node.Flags {
		if flag.Required {
			text += " --" + flag.Name + "=" + flag.FormatPlaceHolder()
		}
	}
	for _, argument := range node.Positional {
		text += " " + argument.Summary()
	}
	if len(node.Children) > 0 {
		text += " <command>"
	}
	return text + " [flags]"
}

// text writes paragraphs. Lines that begin with two spaces are an example.
func (p *page) text(text string) {
	example := false
	for _, line := range strings.Split(text, "\n") {
		code, indented := strings.CutPrefix(line, "  ")
		switch {
		case indented && !example:
			p.line(".PP")
			p.line(".nf")
		case !indented && example:
			p.line(".fi")
		}
		example = indented
		switch {
		case indented:
			p.line(`\fB%s\fR`, roff(code))
		case strings.TrimSpace(line) != "":
			if p.String()[p.Len()-len("DESCRIPTION\n"):] != "DESCRIPTION\n" {
				p.line(".PP")
			}
			p.paragraph(line)
		}
	}
	if example {
		p.line(".fi")
	}
}

func (p *page) arguments(node *kong.Node) {
	if len(node.Positional) == 0 {
		return
	}
	p.line(".SH ARGUMENTS")
	for _, argument := range node.Positional {
		p.item(argument.Summary(), argument.Help)
	}
}

// flags writes the flags: first those without a group.
func (p *page) flags(node *kong.Node) {
	p.line(".SH OPTIONS")
	flags := slices.Concat(node.AllFlags(true)...)
	var groups []*kong.Group
	for _, flag := range flags {
		if flag.Group == nil {
			p.item(flagName(flag), flag.Help)
		} else if !slices.Contains(groups, flag.Group) {
			groups = append(groups, flag.Group)
		}
	}
	for _, group := range groups {
		p.line(".SS %s", roff(strings.TrimSuffix(group.Title, ":")))
		for _, flag := range flags {
			if flag.Group == group {
				p.item(flagName(flag), flag.Help)
			}
		}
	}
}

func flagName(flag *kong.Flag) string {
	name := "--" + flag.Name
	if flag.Short != 0 {
		name = "-" + string(flag.Short) + ", " + name
	}
	if !flag.IsBool() && !flag.IsCounter() {
		name += "=" + flag.FormatPlaceHolder()
	}
	return name
}

func (p *page) commands(node *kong.Node) {
	children := subcommands(node)
	if len(children) == 0 {
		return
	}
	p.line(".SH COMMANDS")
	for _, child := range children {
		p.item(child.Name, child.Help)
	}
}

// exitMeanings are those in docs/scripts.md.
var exitMeanings = []struct{ code, meaning string }{
	{"0", "success"},
	{"1", "any other error; in hocker lock check also: a tag has moved, or a file names images otherwise than they are locked; in hocker lock outdated also: there is a newer tag"},
	{"2", "usage: the command line, or a file that it names, is invalid"},
	{"3", "access denied"},
	{"4", "not found"},
	{"5", "content does not match its digest"},
	{"6", "the registry cannot be reached or keeps failing, or hocker refuses its certificate or redirect"},
	{"7", "not signed by a key that vouches for it, or rejected by the policy"},
	{"129, 130, 143", "ended by HUP, INT or TERM"},
}

func (p *page) exitStatus() {
	p.line(".SH EXIT STATUS")
	for _, exit := range exitMeanings {
		p.item(exit.code, exit.meaning)
	}
}

func (p *page) seeAlso(node *kong.Node) {
	var names []string
	for _, other := range append([]*kong.Node{node.Parent}, subcommands(node)...) {
		if other != nil {
			names = append(names, `\fB`+roff(pageName(other))+`\fR(1)`)
		}
	}
	p.line(".SH SEE ALSO")
	p.line("%s", strings.Join(names, ",\n"))
}

func (p *page) item(term, help string) {
	p.line(".TP")
	p.line(`\fB%s\fR`, roff(term))
	p.paragraph(help)
}

var roffEscapes = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`, "…", "...")

// roff escapes text for man(7).
func roff(text string) string { return roffEscapes.Replace(text) }

// paragraph writes text in lines of at most 80 characters, and each sentence on a line
// of its own, as roff wants it.
func (p *page) paragraph(text string) { p.fill(roff(text)) }

func (p *page) fill(text string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && (len(line)+1+len(word) > 80 || strings.HasSuffix(line, ".")) {
			p.filled(line)
			line = ""
		}
		line = strings.TrimLeft(line+" "+word, " ")
	}
	p.filled(line)
}

// filled writes a line, which is no request even if it begins with a dot.
func (p *page) filled(line string) {
	if strings.HasPrefix(line, ".") {
		line = `\&` + line
	}
	p.line("%s", line)
}
