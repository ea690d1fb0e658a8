package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"
)

// grammar is the command line of hocker itself.
type grammar struct {
	Manifest   manifestCmd   `cmd:"" help:"${manifest_help}"`
	Config     configCmd     `cmd:"" help:"${config_help}"`
	Layer      layerCmd      `cmd:"" help:"${layer_help}"`
	Image      imageCmd      `cmd:"" help:"${image_help}"`
	Docker2nix docker2nixCmd `cmd:"" name:"docker2nix" help:"${docker2nix_help}"`
	Lock       lockCmd       `cmd:"" help:"Keep a lock file of images: add, update, remove, list, check."`
	Prefetch   prefetchCmd   `cmd:"" help:"Put all that an expression or lock file names into the Nix store."`
	Compose    composeCmd    `cmd:"" help:"Write the archive of an image in the Nix store to standard output."`
	Load       loadCmd       `cmd:"" help:"Load an image in the Nix store into the container engine of this machine."`
	Fetch      fetchCmd      `cmd:"" group:"nix" help:"Fetch what a fixed-output derivation asks for (run by Nix)."`
	Build      buildCmd      `cmd:"" group:"nix" help:"Put an image in the store together (run by Nix)."`
}

// versionFlag is what the command line of every name has.
type versionFlag struct {
	Version kong.VersionFlag `help:"Print the version and exit."`
}

// What the commands do that have a name of their own in the file system.
var helpTexts = kong.Vars{
	"manifest_help":   "Print an image's manifest, in the registry's own bytes.",
	"config_help":     "Print an image's config, in the registry's own bytes.",
	"layer_help":      "Fetch one layer of an image.",
	"image_help":      "Fetch a whole image into an archive or an OCI layout.",
	"docker2nix_help": "Write the Nix expression of an image from its manifest.",
}

// applet returns the command line of the command that is called by name, or
// nil if it is none.
func applet(name string) any {
	switch name {
	case "hocker-manifest":
		return &manifestCmd{}
	case "hocker-config":
		return &configCmd{}
	case "hocker-layer":
		return &layerCmd{}
	case "hocker-image":
		return &imageCmd{}
	case "docker2nix":
		return &docker2nixCmd{}
	}
	return nil
}

// usageError is a command line, or another input of the user's, that is not of
// the form it should be.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// exitRequest is kong's wish to end, as --help has it.
type exitRequest int

// run parses the command line, runs the command, reports its error, and
// returns the exit code.
func (p process) run(ctx context.Context) (code int) {
	defer func() {
		if r := recover(); r != nil {
			request, ok := r.(exitRequest)
			if !ok {
				panic(r)
			}
			code = int(request)
		}
	}()
	name := filepath.Base(p.args[0])
	target, help := any(&grammar{}), "Container images for Nix: fetched by digest, kept layer by layer, loaded offline."
	if a := applet(name); a != nil {
		target, help = a, helpTexts[strings.TrimPrefix(name, "hocker-")+"_help"]
	} else {
		name = "hocker"
	}
	err := p.dispatch(ctx, name, help, target)
	if err != nil {
		p.report(name, err)
	}
	return exitCode(err)
}

func (p process) dispatch(ctx context.Context, name, help string, target any) error {
	parser, err := kong.New(target,
		kong.Name(name),
		kong.Embed(&versionFlag{}),
		kong.Description(help),
		kong.Writers(p.stdout, p.stderr),
		kong.Exit(func(code int) { panic(exitRequest(code)) }),
		kong.WithHyphenPrefixedParameters(true), // --layer -1, and passwords that begin with one
		helpTexts,
		kong.Vars{"version": programVersion()},
		kong.ExplicitGroups([]kong.Group{
			{Key: "nix", Title: "Builders of Nix derivations:"},
			{Key: "credentials", Title: "Credentials (else DOCKER_TOKEN, DOCKER_USER with DOCKER_PASS, DOCKER_AUTH_CONFIG, docker login):"},
			{Key: "transfer", Title: "Transfer:"},
		}),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
	)
	if err != nil {
		return err
	}
	command, err := parser.Parse(p.args[1:])
	if err != nil {
		var parseErr *kong.ParseError
		if errors.As(err, &parseErr) {
			return &usageError{err}
		}
		return err
	}
	if c, ok := selected(command, target).(limited); ok {
		var cancel context.CancelFunc
		ctx, cancel = c.limit(ctx)
		defer cancel()
	}
	command.BindTo(ctx, (*context.Context)(nil))
	return command.Run(p)
}

// selected returns the command that is to be run: target itself, or one in it.
func selected(command *kong.Context, target any) any {
	if node := command.Selected(); node != nil && node.Target.CanAddr() {
		return node.Target.Addr().Interface()
	}
	return target
}
