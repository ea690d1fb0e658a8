package main

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// event is a signal, or the end of the command, at a time.
type event struct {
	at     time.Duration
	signal syscall.Signal
}

var waitTests = []struct {
	name   string
	events []event
	code   int
	ended  time.Duration
}{
	{name: "no signal", events: []event{{at: time.Second}}, code: 7, ended: time.Second},
	{name: "the command ends", events: []event{{time.Second, syscall.SIGINT}, {at: 2 * time.Second}}, code: 7, ended: 2 * time.Second},
	{name: "second signal", events: []event{{time.Second, syscall.SIGTERM}, {2 * time.Second, syscall.SIGINT}}, code: 130, ended: 2 * time.Second},
	{name: "an echo", events: []event{{time.Second, syscall.SIGTERM}, {time.Second + echoTime/2, syscall.SIGTERM}, {at: 3 * time.Second}}, code: 7, ended: 3 * time.Second},
	{name: "echo, then another signal", events: []event{{0, syscall.SIGTERM}, {0, syscall.SIGTERM}, {time.Second, syscall.SIGTERM}}, code: 143, ended: time.Second},
	{name: "the command does not end", events: []event{{0, syscall.SIGINT}}, code: 130, ended: tidyTime},
	{name: "hung up", events: []event{{0, syscall.SIGHUP}}, code: 129, ended: tidyTime},
}

func TestWait(t *testing.T) {
	for _, tt := range waitTests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ended, signals := make(chan int, 1), make(chan os.Signal, 2)
				for _, e := range tt.events {
					time.AfterFunc(e.at, func() {
						if e.signal == 0 {
							ended <- 7
						} else {
							signals <- e.signal
						}
					})
				}
				start := time.Now()
				ctx, interrupt := context.WithCancelCause(t.Context())
				code := wait(ended, signals, interrupt)
				if took := time.Since(start); code != tt.code || took != tt.ended {
					t.Errorf("exit code %d after %s, want %d after %s", code, took, tt.code, tt.ended)
				}
				if interrupted := tt.events[0].signal != 0; interrupted != (ctx.Err() != nil) {
					t.Errorf("the command's context: %v", ctx.Err())
				}
			})
		})
	}
}

// An error after a signal counts as caused by it. A command that succeeded has
// succeeded.
func TestInterruption(t *testing.T) {
	ctx, interrupt := context.WithCancelCause(t.Context())
	if err := interruption(ctx, io.ErrUnexpectedEOF); err != io.ErrUnexpectedEOF {
		t.Errorf("not interrupted: %v", err)
	}
	interrupt(&signalError{signal: syscall.SIGTERM})
	if err := interruption(ctx, nil); err != nil {
		t.Errorf("done: %v", err)
	}
	err := interruption(ctx, io.ErrUnexpectedEOF)
	if err.Error() != "terminated" || exitCode(err) != 143 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v, exit code %d", err, exitCode(err))
	}
}

// A write to a full pipe ends with the context and does not use the data
// afterwards. A few last words are written if there is room.
func TestOutput(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	o := newOutput(ctx, w)
	written := make(chan error)
	data := make([]byte, 1<<20)
	go func() {
		_, err := o.Write(data)
		clear(data) // -race
		written <- err
	}()
	if _, err := io.ReadFull(r, make([]byte, 1)); err != nil { // it has begun
		t.Fatal(err)
	}
	cancel(io.ErrClosedPipe)
	if err := <-written; err != io.ErrClosedPipe || o.failure() != err {
		t.Errorf("got %v, recorded %v", err, o.failure())
	}
	if _, err := o.Write([]byte("more")); err != io.ErrClosedPipe {
		t.Errorf("after that: %v", err)
	}
	if o.hasRoom() {
		t.Error("there is room in a full pipe")
	}
	reader, free, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	defer free.Close()
	if _, err := newOutput(ctx, free).forLastWords().Write([]byte("bye")); err != nil {
		t.Errorf("last words: %v", err)
	}
}

func TestIsInput(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	list, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if !isInput(r) || isInput(null) || isInput(list) {
		t.Error("wrong for a pipe, /dev/null or an empty file")
	}
	if _, err := list.WriteString("debian jessie\ndebian bookworm\n"); err != nil {
		t.Fatal(err)
	}
	for offset, want := range map[int64]bool{0: true, 14: false} {
		if _, err := list.Seek(offset, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if isInput(list) != want {
			t.Errorf("a file at offset %d: want %t", offset, want)
		}
	}
}
