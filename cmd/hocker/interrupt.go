package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// catchSignals returns the signals that end a command. A hangup that nohup has
// the process ignore stays ignored.
func catchSignals() <-chan os.Signal {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	return signals
}

// tidyTime is what an interrupted command may take to tidy up. All that it can
// wait for ends with its context; this is for what no program can break off,
// such as a file on a server that is gone.
const tidyTime = 10 * time.Second

// echoTime is how long a second signal is taken for the first one's echo:
// timeout(1) sends its signal to the command, and then to all of its group.
const echoTime = 500 * time.Millisecond

// wait returns the exit code of the process: the command's, which is interrupted
// by the first signal. A second one ends the process at once.
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

// signalError is the end of a command by a signal.
type signalError struct {
	signal syscall.Signal
	err    error // what it was an end to, or nil
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

// exitCode is the one by which shells know the signal.
func (e *signalError) exitCode() int { return 128 + int(e.signal) }

// interruption returns err as the end by a signal, if there was one: whatever
// failed then did so for that.
func interruption(ctx context.Context, err error) error {
	var signalled *signalError
	if err == nil || !errors.As(context.Cause(ctx), &signalled) {
		return err
	}
	return &signalError{signalled.signal, err}
}

// await returns what f returns, or the reason why ctx has ended, whichever comes
// first. It is for calls that nothing can interrupt, such as reading a file that
// may be a pipe: f then goes on until the process ends, which it is about to. So
// there must be nothing to tidy up behind it.
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
