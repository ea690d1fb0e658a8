package main

import (
	"context"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"
)

// grammar is the command line of hocker itself.
type grammar struct {
	Manifest   manifestCmd   `cmd:"" help:"Print the manifest of an image, byte for byte."`
	Config     configCmd     `cmd:"" help:"Print the config of an image, byte for byte."`
	Layer      layerCmd      `cmd:"" help:"Download one layer of an image."`
	Image      imageCmd      `cmd:"" help:"Download an image as an archive or an OCI layout."`
	Tags       tagsCmd       `cmd:"" help:"List the tags of an image, the newest last."`
	Inspect    inspectCmd    `cmd:"" help:"Show what an image is: digests, config, layers, signatures."`
	Diff       diffCmd       `cmd:"" help:"Compare two images: layers, config, bytes to fetch."`
	Docker2nix docker2nixCmd `cmd:"" name:"docker2nix" help:"Write a Nix expression for an image, made from its manifest."`
	Lock       lockCmd       `cmd:"" help:"Manage a lock file of images: add, update, remove, list, check."`
	Verify     verifyCmd     `cmd:"" help:"Verify that a key vouches for an image."`
	Prefetch   prefetchCmd   `cmd:"" help:"Download every blob that FILE names into the Nix store."`
	Compose    composeCmd    `cmd:"" help:"Write an image in the Nix store as an archive to standard output."`
	Load       loadCmd       `cmd:"" help:"Load an image in the Nix store into a container engine."`
	Help       helpCmd       `cmd:"" help:"Show help for a command."`
	Fetch      fetchCmd      `cmd:"" group:"nix" help:"Fetch the output of a fixed-output derivation."`
	Build      buildCmd      `cmd:"" group:"nix" help:"Build an image or one of its shapes."`
	Complete   completeCmd   `cmd:"" hidden:"" help:"Print how a command line can continue, for the completions of shells."`
}

// versionFlag is part of every command line, whatever the name of the program.
type versionFlag struct {
	Version kong.VersionFlag `help:"Print the version and exit."`
}

// links maps the names of links to hocker to the command that each one runs.
var links = map[string]string{
	"hocker-manifest": "manifest",
	"hocker-config":   "config",
	"hocker-layer":    "layer",
	"hocker-image":    "image",
	"docker2nix":      "docker2nix",
}

// commandLine is what parses a command line.
type commandLine struct {
	name   string // the name that the user called
	help   string
	target any
	args   []string
}

// call finds the command that is called: by a link to hocker, or by the first
// argument of hocker. If that is unambiguous, only its grammar is built: kong
// takes longer to read the tags of all commands than a builder takes to fetch a
// small blob.
func call(args []string) commandLine {
	name, args := filepath.Base(args[0]), args[1:]
	if command, ok := links[name]; ok {
		target, help, _ := (&grammar{}).command(command)
		return commandLine{name, help, target, args}
	}
	args = helpArgs(args)
	if len(args) == 1 && args[0] == "--version" { // every command line has it
		return commandLine{"hocker", "", &struct{}{}, args}
	}
	if len(args) > 0 {
		// A command with subcommands is parsed by hocker's grammar, so that
		// errors name both.
		if target, help, ok := (&grammar{}).command(args[0]); ok && !hasCommands(target) {
			return commandLine{"hocker " + args[0], help, target, args[1:]}
		}
	}
	return commandLine{"hocker", "Container images for Nix: fetched by digest, kept layer by layer, loaded offline.", &grammar{}, args}
}

// command returns the command of that name, and its help.
func (g *grammar) command(name string) (target any, help string, ok bool) {
	v := reflect.ValueOf(g).Elem()
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if strings.EqualFold(field.Name, name) && name == strings.ToLower(name) {
			return v.Field(i).Addr().Interface(), field.Tag.Get("help"), true
		}
	}
	return nil, "", false
}

// hasCommands reports whether a command has subcommands.
func hasCommands(command any) bool {
	t := reflect.TypeOf(command).Elem()
	for i := range t.NumField() {
		if _, ok := t.Field(i).Tag.Lookup("cmd"); ok {
			return true
		}
	}
	return false
}

// exitRequest is kong's request to exit after printing what --help or --version
// ask for.
type exitRequest struct{}

// run parses the command line, runs the command, reports its error, and
// returns the exit code.
func (p process) run(ctx context.Context) int {
	line := call(p.args)
	command, err := p.dispatch(ctx, line)
	if err == nil {
		err = p.stdout.failure()
	}
	if err = interruption(ctx, err); err != nil {
		p.report(command, err)
	}
	return exitCode(err)
}

// dispatch runs the command that a command line calls. It returns the full name
// of the command, as the user would type it: hocker lock add.
func (p process) dispatch(ctx context.Context, line commandLine) (name string, err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(exitRequest); !ok {
				panic(r)
			}
			name, err = line.name, nil
		}
	}()
	parser, err := p.parser(line)
	if err != nil {
		return line.name, err
	}
	command, err := parser.Parse(line.args)
	if failure := p.stdout.failure(); failure != nil {
		return line.name, failure // of help
	}
	if err != nil {
		return parseError(line.name, err)
	}
	name = commandName(command)
	if c, ok := selected(command, line.target).(limited); ok {
		var cancel context.CancelFunc
		ctx, cancel = c.limit(ctx)
		defer cancel()
	}
	command.BindTo(ctx, (*context.Context)(nil))
	return name, command.Run(p)
}

// parser makes the parser of a command line.
func (p process) parser(line commandLine) (*kong.Kong, error) {
	return kong.New(line.target,
		kong.Name(line.name),
		kong.Embed(&versionFlag{}),
		kong.Description(line.help),
		kong.Writers(p.stdout, p.stderr),
		kong.Exit(func(int) { panic(exitRequest{}) }),
		kong.WithHyphenPrefixedParameters(true), // --layer -1, and passwords that begin with one
		kong.Vars{"version": versionLine()},
		kong.PostBuild(func(k *kong.Kong) error {
			k.Model.HelpFlag.Help = "Show this help and exit."
			return nil
		}),
		kong.ExplicitGroups([]kong.Group{
			{Key: "nix", Title: "Builders, run by Nix:"},
			{Key: "credentials", Title: "Credentials for the registry that you name (default: DOCKER_TOKEN, DOCKER_USER with DOCKER_PASS, DOCKER_AUTH_CONFIG, docker login, netrc):"},
			{Key: "signatures", Title: "Signatures:"},
			{Key: "transfer", Title: "Transfer:"},
		}),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
	)
}

// selected returns the command to run: target itself or one of its subcommands.
func selected(command *kong.Context, target any) any {
	if node := command.Selected(); node != nil && node.Target.CanAddr() {
		return node.Target.Addr().Interface()
	}
	return target
}
