package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"hocker/fetcher/archive"
	"hocker/fetcher/content"
	"hocker/fetcher/engine"
	"hocker/fetcher/lock"
	"hocker/fetcher/reference"
	"hocker/fetcher/signature"
	sourcefile "hocker/fetcher/source"
)

// The exit codes distinguish failures for scripts. A command ended by a signal
// has the exit code that a shell gives it, such as 130 or 143.
const (
	exitDone        = 0
	exitOther       = 1
	exitUsage       = 2
	exitDenied      = 3
	exitNotFound    = 4
	exitMismatch    = 5
	exitUnavailable = 6
	exitUnsigned    = 7
)

func exitCode(err error) int {
	var (
		signalled *signalError
		usage     *usageError
		input     *reference.InputError
		mismatch  *content.VerifyError
		file      *lock.FileError
		layer     *archive.LayerError
		check     *uncheckedError
	)
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &signalled):
		return signalled.exitCode()
	case errors.As(err, new(*archive.PackingError)), errors.As(err, new(*content.LimitError)):
		return exitOther
	case isUnsigned(err):
		return exitUnsigned
	case errors.As(err, &mismatch), errors.As(err, &layer):
		return exitMismatch
	case errors.Is(err, content.ErrDenied):
		return exitDenied
	case errors.Is(err, content.ErrNotFound):
		return exitNotFound
	case errors.Is(err, content.ErrUnavailable), errors.Is(err, engine.ErrUnavailable):
		return exitUnavailable
	case errors.As(err, &usage), errors.As(err, &input), errors.As(err, &file), errors.As(err, &check),
		errors.As(err, new(*lock.KeyNeededError)), errors.As(err, new(*signature.KeyError)), errors.As(err, new(*sourcefile.Error)):
		return exitUsage
	}
	return exitOther
}

// report prints the error of a command, and a hint if there is a way out.
func (p process) report(command string, err error) {
	var file *fs.PathError
	if errors.As(err, &file) && errors.Is(err, syscall.EPIPE) {
		return // the reader of the output has closed it
	}
	if errors.As(err, new(*signalError)) && p.stderr.isTerminal() {
		fmt.Fprint(p.stderr, "\r") // overwrites the ^C that the terminal has echoed
	}
	program, _, _ := strings.Cut(command, " ")
	p.sayf("%s: %s", program, p.redactArguments(err.Error()))
	if h := hint(command, err); h != "" {
		p.sayf("hint: %s", h)
	}
	var kept *keptError
	if errors.As(err, &kept) {
		p.sayf("hint: %s", kept.hint())
	}
	var absent *absentError
	if errors.As(err, &absent) {
		p.sayf("hint: %s", absent.hint())
	}
}
