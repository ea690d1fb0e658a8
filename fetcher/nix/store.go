package nix

import (
	"bytes"
	"cmp"
	"context"
	"strings"
	"syscall"

	"hocker/fetcher/internal/subprocess"
)

// Store is the Nix store that nix-store works on, be it through a daemon or not.
type Store struct {
	Dir string // that all its paths begin with, as /nix/store
}

// FindStore returns the store that Nix's commands use in this environment.
func FindStore(getenv func(string) string) Store {
	return Store{Dir: cmp.Or(getenv("NIX_STORE_DIR"), getenv("NIX_STORE"), "/nix/store")}
}

// Missing returns which of the paths the store does not have.
//
// Errors: *[StoreError].
func (s Store) Missing(ctx context.Context, paths []string) (map[string]bool, error) {
	missing := map[string]bool{}
	if len(paths) == 0 {
		return missing, nil
	}
	output, err := s.run(ctx, append([]string{"--check-validity", "--print-invalid"}, paths...)...)
	for path := range strings.FieldsSeq(output) {
		missing[path] = true
	}
	return missing, err
}

// Add puts a file into the store, under the name that it has, fixed by its
// sha256, and returns its path there.
//
// Errors: *[StoreError].
func (s Store) Add(ctx context.Context, file string) (path string, err error) {
	output, err := s.run(ctx, "--add-fixed", "sha256", file)
	return strings.TrimSpace(output), err
}

// AddRoot makes link a GC root of a path that is in the store: a symbolic link to
// it, which keeps the path for as long as it is there. Every user may do so.
//
// Errors: *[StoreError], also where something else than a root is at link.
func (s Store) AddRoot(ctx context.Context, link, path string) error {
	_, err := s.run(ctx, "--realise", path, "--add-root", link)
	return err
}

// StoreError is a command of Nix that failed.
type StoreError struct {
	Command string
	Output  string // what it said, on one line
	Err     error  // wraps exec.ErrNotFound where there is no Nix
}

func (e *StoreError) Error() string {
	msg := e.Command + ": " + e.Err.Error()
	if e.Output != "" {
		msg += ": " + e.Output
	}
	return msg
}

func (e *StoreError) Unwrap() error { return e.Err }

// run runs nix-store and returns what it prints.
func (s Store) run(ctx context.Context, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	command := subprocess.Command(ctx, syscall.SIGTERM, "nix-store", args...)
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	switch {
	case err == nil:
		return stdout.String(), nil
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	}
	return "", &StoreError{Command: "nix-store " + args[0], Output: strings.Join(strings.Fields(stderr.String()), " "), Err: err}
}
