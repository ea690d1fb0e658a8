package main

import (
	"cmp"
	"context"
	"fmt"
	"io"

	"hocker/fetcher/atomicfile"

	"golang.org/x/term"
)

// standardInput is the name of standard input on the command line.
const standardInput = "-"

// copyInput copies standard input to a temporary file, since the parts of an archive
// may be needed in another order. The caller discards it.
func copyInput(ctx context.Context, p process) (*atomicfile.File, error) {
	if term.IsTerminal(int(p.stdin.Fd())) {
		return nil, usagef("-: standard input is a terminal, expected an archive")
	}
	f, err := atomicfile.CreateTemporary("")
	if err != nil {
		return nil, err
	}
	_, err = await(ctx, func() (int64, error) {
		n, err := io.Copy(f, p.stdin)
		return n, cmp.Or(err, f.Close())
	})
	if err != nil {
		f.Discard()
		return nil, fmt.Errorf("standard input: %w", err)
	}
	return f, nil
}
