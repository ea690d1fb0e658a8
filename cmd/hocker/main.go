//go:build !manual

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
	"syscall"
)

func main() {
	signals := catchSignals()
	// If the reader of the output goes away, the write fails and the process
	// continues, since there may be something to clean up.
	signal.Ignore(syscall.SIGPIPE)
	// net/http's own log lines quote unsolicited data from servers.
	log.SetOutput(io.Discard)
	ctx, interrupt := context.WithCancelCause(context.Background())
	p := process{
		args:      os.Args,
		getenv:    os.Getenv,
		lookupEnv: os.LookupEnv,
		stdin:     os.Stdin,
		stdout:    newOutput(ctx, os.Stdout),
		stderr:    newOutput(ctx, os.Stderr).forLastWords(),
	}
	ended := make(chan int, 1)
	go func() { ended <- p.run(ctx) }()
	os.Exit(wait(ended, signals, interrupt))
}
