package main

import (
	"slices"
	"strings"

	"hocker/fetcher/image"
	"hocker/fetcher/lock"
	"hocker/fetcher/nix"

	"github.com/alecthomas/kong"
)

// completeCmd prints how the last of the words can continue: a line for each
// candidate, with its help after a space. It prints nothing where a file name or
// anything else can stand. The files in completions call it.
type completeCmd struct {
	Words []string `arg:"" optional:"" passthrough:"" help:"Words of the command line. The first is the name of the program, and the last is the one to complete."`
}

func (c *completeCmd) Run(p process) error {
	words := c.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	if len(words) < 2 {
		return nil
	}
	parser, err := p.parser(call(words[:1]))
	if err != nil {
		return err
	}
	var lines []string
	for _, c := range complete(parser.Model.Node, words[1:]) {
		lines = append(lines, c.word+" "+c.help)
	}
	return writeLines(p.stdout, lines...)
}

// complete returns the candidates for the last of the words.
func complete(root *kong.Node, words []string) []candidate {
	last := words[len(words)-1]
	all := newCompletion(root, words[:len(words)-1]).candidates(last)
	return slices.DeleteFunc(all, func(c candidate) bool {
		return !strings.HasPrefix(c.word, last) || strings.Contains(c.word, " ")
	})
}

// candidate is a word that can stand at the end of a command line.
type candidate struct{ word, help string }

// completion is what the words before the last one mean.
type completion struct {
	node   *kong.Node // the command
	args   []string   // positional arguments
	flag   *kong.Flag // whose value the last word is, or nil
	noFlag bool       // after --
	file   string     // the value of --file
}

func newCompletion(root *kong.Node, words []string) *completion {
	c := &completion{node: root}
	for _, word := range words {
		c.read(word)
	}
	return c
}

// read takes one word of the command line.
func (c *completion) read(word string) {
	switch {
	case c.flag != nil:
		c.setFlag(word)
	case word == "--":
		c.noFlag = true
	case !c.noFlag && len(word) > 1 && word[0] == '-':
		name, value, given := strings.Cut(word, "=")
		if c.flag = c.find(name); c.flag != nil && given {
			c.setFlag(value)
		}
	default:
		if child := c.child(word); child != nil {
			c.node = child
		} else {
			c.args = append(c.args, word)
		}
	}
}

func (c *completion) setFlag(value string) {
	if c.flag.Name == "file" {
		c.file = value
	}
	c.flag = nil
}

// flags returns the command's flags and those of its parents, without hidden ones.
func (c *completion) flags() []*kong.Flag {
	return slices.Concat(c.node.AllFlags(true)...)
}

// find returns the flag that takes the next word as its value, or nil.
func (c *completion) find(name string) *kong.Flag {
	for _, flag := range c.flags() {
		long := name == "--"+flag.Name || slices.Contains(flag.Aliases, strings.TrimPrefix(name, "--"))
		if (long || flag.Short != 0 && name == "-"+string(flag.Short)) && !flag.IsBool() {
			return flag
		}
	}
	return nil
}

// child returns the subcommand of that name, or nil.
func (c *completion) child(name string) *kong.Node {
	for _, child := range c.node.Children {
		if child.Name == name || slices.Contains(child.Aliases, name) {
			return child
		}
	}
	return nil
}

// candidates returns the words that can stand where last does. They may have
// another beginning.
func (c *completion) candidates(last string) []candidate {
	if c.flag != nil {
		return c.values(c.flag.Value, "")
	}
	if name, _, given := strings.Cut(last, "="); given && !c.noFlag {
		if flag := c.find(name); flag != nil {
			return c.values(flag.Value, name+"=")
		}
	}
	if strings.HasPrefix(last, "-") && !c.noFlag {
		return c.flagNames()
	}
	if len(c.node.Children) > 0 {
		return commands(c.node)
	}
	if positional := c.node.Positional; len(positional) > 0 {
		return c.values(positional[min(len(c.args), len(positional)-1)], "")
	}
	return nil
}

func (c *completion) flagNames() []candidate {
	var all []candidate
	for _, flag := range c.flags() {
		all = append(all, candidate{"--" + flag.Name, flag.Help})
	}
	return all
}

func commands(node *kong.Node) []candidate {
	var all []candidate
	for _, child := range node.Children {
		if !child.Hidden {
			all = append(all, candidate{child.Name, child.Help})
		}
	}
	return all
}

// values returns the values of a flag or an argument, after a prefix.
func (c *completion) values(value *kong.Value, prefix string) []candidate {
	var words []string
	switch value.Tag.Get("complete") {
	case "platform":
		words = c.platforms()
	case "locked":
		words = c.locked(c.file)
	case "loadable":
		if len(c.args) > 0 {
			words = c.locked(c.args[0])
		}
	case "command":
		return c.commandsOf(c.args)
	default:
		words = value.EnumSlice()
	}
	var all []candidate
	for _, word := range words {
		if word != "" && !slices.Contains(c.args, word) {
			all = append(all, candidate{prefix + word, ""})
		}
	}
	return all
}

// commandsOf returns the subcommands of the command that the words name.
func (c *completion) commandsOf(words []string) []candidate {
	root := c.node
	for root.Parent != nil {
		root = root.Parent
	}
	return commands(newCompletion(root, words).node)
}

// locked returns the names of the images in a lock file. If it cannot be read,
// there are none.
func (c *completion) locked(path string) []string {
	if path == "" {
		path = "hocker.lock.json" // the default of --file
	}
	file, err := lock.Read(path)
	if err != nil {
		return nil
	}
	return file.Names()
}

// platforms returns the platforms that Nix has a system for, or if the command
// reads a lock file, those in it.
func (c *completion) platforms() []string {
	if len(c.args) == 1 {
		if file, err := lock.Read(c.args[0]); err == nil {
			var locked []string
			for _, name := range file.Names() {
				for _, p := range file.Images[name].Platforms {
					locked = append(locked, image.FormatPlatform(p.Platform))
				}
			}
			slices.Sort(locked)
			return slices.Compact(locked)
		}
	}
	return nix.Platforms()
}
