package engine

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// program writes a shell script that stands in for podman.
func program(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "podman")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// The error of a podman that cannot start a service has the reason, and nothing
// is left.
func TestStartServiceFails(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	path := program(t, "echo debris >&2; echo 'Error: cannot use it' >&2; exit 125")
	_, err := startService(t.Context(), path)
	want := "the container engine at " + path + " does not answer: podman system service: Error: cannot use it (exit status 125)"
	if !errors.Is(err, ErrUnavailable) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	checkEmpty(t, temporary)
	t.Setenv("PATH", filepath.Dir(path))
	none := func(string) string { return "" }
	if _, err = FindPodman(t.Context(), "", none); err == nil || err.Error() != want {
		t.Errorf("FindPodman: got %v, want %s", err, want)
	}
	_, err = Find(t.Context(), "", environment{"XDG_RUNTIME_DIR": temporary, "HOME": temporary}.getenv)
	if err == nil || !strings.Contains(err.Error(), path+" (podman system service: Error: cannot use it (exit status 125))") {
		t.Errorf("Find: got %v", err)
	}
}

// A podman that never listens ends with the context.
func TestStartServiceCanceled(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	started := filepath.Join(t.TempDir(), "started")
	// It exits cleanly.
	path := program(t, "trap 'rm "+started+".ends; exit' TERM; touch "+started+".ends; echo $$ >"+started+".new; mv "+started+".new "+started+
		"; while :; do sleep 0.01; done")
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
	checkEmpty(t, temporary)
	if exists(started + ".ends") {
		t.Error("it was killed")
	}
	data, err := os.ReadFile(started)
	if err != nil {
		t.Fatal(err)
	}
	if pid := strings.TrimSpace(string(data)); exists("/proc/" + pid) {
		t.Errorf("process %s is still running", pid)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func checkEmpty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		t.Errorf("left: %v, %v", entries, err)
	}
}
