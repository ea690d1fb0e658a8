package engine

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// parentVariable holds the program of a service that a test's other process starts.
const parentVariable = "HOCKER_TEST_SERVICE"

// The service ends when hocker is killed.
func TestServiceEndsWithParent(t *testing.T) {
	if path := os.Getenv(parentVariable); path != "" {
		_, err := startService(t.Context(), path) // it never listens
		t.Fatal(err)
	}
	started := filepath.Join(t.TempDir(), "started")
	path := program(t, "echo $$ >"+started+".new; mv "+started+".new "+started+"; exec sleep 1000")
	parent := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	parent.Env = append(os.Environ(), parentVariable+"="+path, "TMPDIR="+t.TempDir())
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	pid := awaitText(t, started)
	_ = parent.Process.Kill() // fails only if the process has ended
	_ = parent.Wait()
	awaitEnd(t, pid)
}

// The first podman of a user without root starts the service as a child, and does not
// always pass signals on.
func TestStopEndsChild(t *testing.T) {
	started := filepath.Join(t.TempDir(), "started")
	t.Setenv("TMPDIR", t.TempDir())
	path := program(t, "sleep 1000 & echo $! >"+started+".new; mv "+started+".new "+started+"; trap exit TERM; wait")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for !exists(started) {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	if _, err := startService(ctx, path); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	awaitEnd(t, awaitText(t, started))
}

// processEnd is how long a process may take to end on the slowest machine.
const processEnd = time.Minute

// awaitText returns the text of a file once it is there.
func awaitText(t *testing.T, path string) string {
	t.Helper()
	for deadline := time.Now().Add(processEnd); !exists(path); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("there is no %s", path)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(data))
}

// awaitEnd waits until a process has ended, whoever is to collect it.
func awaitEnd(t *testing.T, pid string) {
	t.Helper()
	for deadline := time.Now().Add(processEnd); ; time.Sleep(time.Millisecond) {
		status, err := os.ReadFile("/proc/" + pid + "/status")
		if err != nil || strings.Contains(string(status), "State:\tZ") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %s is still running", pid)
		}
	}
}
