package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// usageError is returned for a malformed command line or other input of the
// user.
type usageError struct {
	err  error
	hint string // a way out that is better than the command's help, or empty
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &usageError{err: fmt.Errorf(format, args...)}
}

// parseError turns kong's error about a command line into a usageError. It also
// returns the name of the command whose help to read.
func parseError(program string, err error) (command string, _ error) {
	var parse *kong.ParseError
	if !errors.As(err, &parse) {
		return program, err
	}
	command = commandName(parse.Context)
	if usage := (*usageError)(nil); errors.As(err, &usage) {
		return command, usage
	}
	if missing := missingCommand(parse.Context); missing != nil {
		return command, &usageError{err: missing}
	}
	return command, &usageError{err: err}
}

// missingCommand returns the error for a command line with no command or an
// unknown one, and nil for any other. kong's own error lists at most five
// commands, and calls an unknown command an argument.
func missingCommand(c *kong.Context) error {
	node := cmp.Or(c.Selected(), c.Model.Node)
	var commands []string
	for _, child := range node.Children {
		if !child.Hidden {
			commands = append(commands, fmt.Sprintf("%q", child.Name))
		}
	}
	expected := "expected one of " + strings.Join(commands, ", ")
	switch {
	case len(commands) == 0:
		return nil
	case c.Error == nil:
		return errors.New(expected)
	}
	unknown, ok := strings.CutPrefix(c.Error.Error(), "unexpected argument ")
	switch {
	case !ok: // an unknown flag
		return nil
	case strings.Contains(unknown, "did you mean"):
		return fmt.Errorf("unknown command %s", unknown)
	}
	return fmt.Errorf("unknown command %s: %s", unknown, expected)
}

// commandName returns the full name of the command that a command line selects,
// or of the one whose subcommand is missing: hocker lock.
func commandName(c *kong.Context) string {
	name := ""
	for node := cmp.Or(c.Selected(), c.Model.Node); node != nil; node = node.Parent {
		name = strings.TrimSpace(node.Name + " " + name)
	}
	return name
}
