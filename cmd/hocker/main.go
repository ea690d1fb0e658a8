// Command hocker brings container images into the Nix store, layer by layer,
// and out of it again. It is many commands in one binary: called as
// hocker-manifest or docker2nix, for example, it is that command.
package main

import (
	"context"
	"io"
	"log"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// version is set by the linker where the build knows it.
var version = ""

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	// A reader that goes away is an error of the write, after which there may be
	// something to tidy up, and not the end of the process.
	signal.Ignore(syscall.SIGPIPE)
	// net/http's own lines quote what a server sent that nobody asked for.
	log.SetOutput(io.Discard)
	p := process{
		args:   os.Args,
		getenv: os.Getenv,
		stdin:  os.Stdin,
		stdout: os.Stdout,
		stderr: os.Stderr,
	}
	code := p.run(ctx)
	stop()
	os.Exit(code)
}

// process is what a command sees of the world around it.
type process struct {
	args           []string // with the name it was called by
	getenv         func(string) string
	stdin          io.Reader
	stdout, stderr io.Writer
}

// programVersion is the release, or what Go knows of the build.
func programVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
