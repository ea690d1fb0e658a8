package nix

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"strings"
	"syscall"

	"hocker/fetcher/internal/subprocess"
)

// Store is the Nix store that nix-store works on, directly or through a daemon.
type Store struct {
	Dir string // such as /nix/store
}

// FindStore returns the store that Nix's commands use in this environment.
func FindStore(getenv func(string) string) Store {
	return Store{Dir: cmp.Or(getenv("NIX_STORE_DIR"), getenv("NIX_STORE"), "/nix/store")}
}

// Missing returns the paths that are not in the store.
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

// Add copies a file into the store as a fixed-output path with the file's name,
// and returns that path.
//
// Errors: *[StoreError].
func (s Store) Add(ctx context.Context, file string) (path string, err error) {
	output, err := s.run(ctx, "--add-fixed", "sha256", file)
	return strings.TrimSpace(output), err
}

// AddRoot makes link a GC root of a path in the store: a symbolic link that keeps
// the path as long as the link exists. Every user may make one.
//
// Errors: *[StoreError], also if link exists and is not a root.
func (s Store) AddRoot(ctx context.Context, link, path string) error {
	_, err := s.run(ctx, "--realise", path, "--add-root", link)
	return err
}

// StoreError reports a Nix command that failed.
type StoreError struct {
	Command string
	Output  string // its standard error, on one line
	Err     error  // wraps exec.ErrNotFound if Nix is not installed
}

func (e *StoreError) Error() string {
	msg := e.Command + ": " + e.Err.Error()
	if e.Output != "" {
		msg += ": " + e.Output
	}
	return msg
}

func (e *StoreError) Unwrap() error { return e.Err }

// storeBusy reports whether the output is the error of a Nix that opens the store's database
// in the instant in which another one closes it: https://github.com/NixOS/nix/issues/15987
func storeBusy(output string) bool {
	return strings.Contains(output, "error: SQLite database '") && strings.HasSuffix(output, "' is busy")
}

// storeAttempts limits how often nix-store is run if the store is busy.
const storeAttempts = 5

// run runs nix-store and returns what it prints.
func (s Store) run(ctx context.Context, args ...string) (output string, err error) {
	for range storeAttempts {
		output, err = s.runOnce(ctx, args...)
		var failed *StoreError
		if !errors.As(err, &failed) || !storeBusy(failed.Output) {
			break
		}
	}
	return output, err
}

func (s Store) runOnce(ctx context.Context, args ...string) (string, error) {
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
