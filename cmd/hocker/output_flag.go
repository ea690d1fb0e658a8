package main

import (
	"context"
	"io"
	"os"

	"hocker/fetcher/atomicfile"
)

// outputFlag is the destination of a command's result.
type outputFlag struct {
	Out string `short:"o" placeholder:"PATH" help:"Write to this file instead of standard output."`
}

// toStdout reports whether the result goes to standard output.
func (o outputFlag) toStdout() bool { return o.Out == "" || o.Out == "-" }

// AfterApply is called by kong. It checks the path before anything is fetched.
func (o outputFlag) AfterApply() error {
	if o.toStdout() {
		return nil
	}
	return checkFolder("--out", o.Out)
}

// checkBinary makes sure that binary data does not go to a terminal. reader is
// a program that the data can be piped to.
func (o outputFlag) checkBinary(p process, reader string) error {
	if o.toStdout() && p.stdout.isTerminal() {
		return usagef("standard output is a terminal: name a file with --out, or pipe it to %s", reader)
	}
	return nil
}

// write calls produce with the output, which is an *[atomicfile.File] if it is
// seekable. A file appears only if produce succeeds.
func (o outputFlag) write(ctx context.Context, p process, produce func(io.Writer) error) error {
	if o.toStdout() {
		return produce(p.stdout.until(ctx))
	}
	f, err := o.create(ctx)
	if err != nil {
		return err
	}
	defer f.Discard()
	var w io.Writer = f
	if !f.Seekable() {
		w = newOutput(ctx, f.File)
	}
	if err := produce(w); err != nil {
		return err
	}
	return f.Commit()
}

func (o outputFlag) create(ctx context.Context) (*atomicfile.File, error) {
	if info, err := os.Stat(o.Out); err == nil && !info.Mode().IsRegular() {
		// A named pipe opens only when there is a reader.
		return await(ctx, func() (*atomicfile.File, error) { return atomicfile.Create(o.Out) })
	}
	return atomicfile.Create(o.Out)
}

func (o outputFlag) writeBytes(ctx context.Context, p process, data []byte) error {
	return o.write(ctx, p, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}
