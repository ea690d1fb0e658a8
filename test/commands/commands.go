// Package commands finds the commands that the project's scripts, its Makefile and the
// Go code of its tests and benchmarks start. Its tests compare them with the list of
// packages in test/servers/parts.txt.
package commands

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"hocker/test/servers"
)

// A Use is a place where a command is started.
type Use struct {
	Command string
	Group   string // of parts.txt: which packages the command may come from; "" for none
	Place   string // file:line
}

// groups maps paths to groups; the longest matching path counts. Files that run before
// any package is installed may start only commands that every Debian has.
var groups = map[string]string{
	"":                       "test",
	".ci/run":                "",
	"Makefile":               "",
	"bench/":                 "bench",
	"test/bare.sh":           "bare",
	"test/demo.sh":           "demo",
	"test/install.sh":        "",
	"test/prerequisites.sh":  "",
	"nix/tests/nixpkgs/":     "test",
	"test/commands/testdata": "test",
}

// groupOf returns the group of a file.
func groupOf(path string) string {
	longest := ""
	for prefix := range groups {
		if strings.HasPrefix(path, prefix) && len(prefix) > len(longest) {
			longest = prefix
		}
	}
	return groups[longest]
}

// Find returns the commands that the files of the repository start. A file that cannot
// be parsed is an error.
func Find(repository string) ([]Use, error) {
	verbs, err := scriptVerbs(filepath.Join(repository, "test/commands_test.go"))
	if err != nil {
		return nil, err
	}
	var uses []Use
	err = filepath.WalkDir(repository, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(repository, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if slices.Contains([]string{".git", "bin", "test/commands"}, name) {
				return filepath.SkipDir
			}
			return nil
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		found, err := inFile(path, name, verbs)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for _, s := range found {
			uses = append(uses, Use{s.command, groupOf(name), fmt.Sprintf("%s:%d", name, s.line)})
		}
		return nil
	})
	return uses, err
}

// start is a command and the line that starts it.
type start struct {
	command string
	line    int
}

// inFile finds the commands that a file starts.
func inFile(path, name string, verbs map[string]int) ([]start, error) {
	isGo := strings.HasSuffix(name, "_test.go") ||
		strings.HasSuffix(name, ".go") && (strings.HasPrefix(name, "test/") || strings.HasPrefix(name, "bench/"))
	isScript := strings.HasSuffix(name, ".txtar")
	isShell := strings.HasSuffix(name, ".sh") || name == ".ci/run"
	isMake := name == "Makefile"
	if !isGo && !isScript && !isShell && !isMake {
		return nil, nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	switch {
	case isGo:
		return inGo(path, content)
	case isScript:
		return inScript(content, verbs)
	case isMake:
		return inMakefile(string(content))
	}
	return inShell(string(content), nil)
}

// known reports whether a package of parts.txt has the command.
func known(command string) bool {
	return slices.ContainsFunc(servers.Parts(), func(part servers.Part) bool {
		return slices.Contains(part.Commands, command)
	})
}

// inArguments finds the command of an argument list, and the commands that it starts
// itself, as env and sh -c do. An argument that is only known at run time is "".
func inArguments(args []string, line int) ([]start, error) {
	if len(args) == 0 || !isName(args[0]) {
		return nil, nil
	}
	found := []start{{args[0], line}}
	switch args[0] {
	case "sh", "bash":
		i := slices.IndexFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "-") && strings.HasSuffix(arg, "c") })
		if i < 0 || i+1 >= len(args) {
			return found, nil
		}
		inner, err := inShell(args[i+1], nil)
		for _, s := range inner {
			found = append(found, start{s.command, line + s.line - 1})
		}
		return found, err
	case "command", "env", "exec", "nice", "peak", "setsid", "timeout", "unshare", "xargs":
		for i, arg := range args[1:] {
			if arg == "" {
				break
			}
			isOption := strings.HasPrefix(arg, "-") || arg == "private" || arg == "slave" // --propagation private
			if isOption || !isName(arg) {
				continue
			}
			inner, err := inArguments(args[1+i:], line)
			return append(found, inner...), err
		}
	}
	return found, nil
}

// isName reports whether a word can be the name of a command in PATH, and is not a
// signal or variable that is the argument of an option.
func isName(word string) bool {
	return name.MatchString(word)
}

var name = regexp.MustCompile(`^[a-z0-9+_.-]*[a-z][a-z0-9+_.-]*$`)

func (s start) String() string { return fmt.Sprintf("%s:%d", s.command, s.line) }
