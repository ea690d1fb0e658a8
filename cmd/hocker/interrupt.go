package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// catchSignals returns the signals that end a command. If the process ignores
// hangups, as under nohup, it keeps ignoring them.
func catchSignals() <-chan os.Signal {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	return signals
}

// tidyTime is how long an interrupted command may take to clean up. Everything
// that it waits for ends with its context. This limit is for what no program
// can interrupt, such as a file on a server that does not answer.
const tidyTime = 10 * time.Second

// echoTime is how long a second signal counts as an echo of the first:
// timeout(1) sends its signal to the command and then to its process group.
const echoTime = 500 * time.Millisecond

// wait returns the exit code of the process. The first signal interrupts the
// command, a second one ends the process at once.
func wait(ended <-chan int, signals <-chan os.Signal, interrupt func(error)) int {
	var first *signalError
	select {
	case code := <-ended:
		return code
	case s := <-signals:
		first = &signalError{signal: s.(syscall.Signal)}
	}
	interrupt(first)
	at, late := time.Now(), time.After(tidyTime)
	for {
		select {
		case code := <-ended:
			return code
		case s := <-signals:
			if time.Since(at) > echoTime {
				return (&signalError{signal: s.(syscall.Signal)}).exitCode()
			}
		case <-late:
			return first.exitCode()
		}
	}
}

// signalError is returned for a command that a signal has ended.
type signalError struct {
	signal syscall.Signal
	err    error // the error that the signal caused, or nil
}

func (e *signalError) Error() string {
	switch e.signal {
	case syscall.SIGINT:
		return "interrupted"
	case syscall.SIGTERM:
		return "terminated"
	}
	return e.signal.String()
}

func (e *signalError) Unwrap() error { return e.err }

// exitCode is the exit code by which shells know the signal.
func (e *signalError) exitCode() int { return 128 + int(e.signal) }

// interruption wraps err in a signalError if a signal has come: whatever failed
// after it failed because of it.
func interruption(ctx context.Context, err error) error {
	var signalled *signalError
	if err == nil || !errors.As(context.Cause(ctx), &signalled) {
		return err
	}
	return &signalError{signalled.signal, err}
}

// await returns the result of f, or the cause if ctx ends first. It is for
// calls that cannot be interrupted, such as reading a file that may be a pipe.
// f then runs on until the process ends, which is soon. So f must not leave
// anything that needs cleaning up.
func await[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := f()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}
