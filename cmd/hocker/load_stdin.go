package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// standardInput is the name of standard input on the command line.
const standardInput = "-"

// copyInput copies standard input to a temporary file, since the parts of an archive
// may be needed in another order. The caller removes the file.
func copyInput(ctx context.Context, p process) (path string, err error) {
	if term.IsTerminal(int(p.stdin.Fd())) {
		return "", usagef("-: standard input is a terminal, expected an archive")
	}
	f, err := os.CreateTemp("", "hocker-load-*.tar")
	if err != nil {
		return "", err
	}
	_, err = await(ctx, func() (int64, error) {
		n, err := io.Copy(f, p.stdin)
		return n, cmp.Or(err, f.Close())
	})
	if err != nil {
		os.Remove(f.Name())
		return "", fmt.Errorf("standard input: %w", err)
	}
	return f.Name(), nil
}
