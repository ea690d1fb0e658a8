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
	signals := catchSignals()
	// A reader that goes away is an error of the write, after which there may be
	// something to tidy up, and not the end of the process.
	signal.Ignore(syscall.SIGPIPE)
	// net/http's own lines quote what a server sent that nobody asked for.
	log.SetOutput(io.Discard)
	ctx, interrupt := context.WithCancelCause(context.Background())
	p := process{
		args:   os.Args,
		getenv: os.Getenv,
		stdin:  os.Stdin,
		stdout: newOutput(ctx, os.Stdout),
		stderr: newOutput(ctx, os.Stderr).forLastWords(),
	}
	ended := make(chan int, 1)
	go func() { ended <- p.run(ctx) }()
	os.Exit(wait(ended, signals, interrupt))
}

// process is what a command sees of the world around it.
type process struct {
	args           []string // with the name it was called by
	getenv         func(string) string
	stdin          *os.File
	stdout, stderr *output
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
