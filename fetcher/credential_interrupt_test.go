package fetcher

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"hocker/fetcher/credential"
	"hocker/fetcher/reference"
)

// A helper that hangs, its child, and a read from a pipe without a writer all end
// with the context.
func TestCredentialInterrupted(t *testing.T) {
	dir := t.TempDir()
	pipe, begun := filepath.Join(dir, "pipe"), filepath.Join(dir, "begun")
	for _, path := range []string{pipe, begun} {
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// The child has the helper's output open for as long as it lives.
	helper := "#!/bin/sh\necho begun >" + begun + "\nsleep 1000\n"
	if err := os.WriteFile(filepath.Join(dir, "docker-credential-hangs"), []byte(helper), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	config := filepath.Join(dir, "config.json")
	if err := os.WriteFile(config, []byte(`{"credsStore":"hangs"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	repo, err := reference.ParseName("example.com/org/app")
	if err != nil {
		t.Fatal(err)
	}
	noticed := func(line string) { t.Error(line) }
	for name, tt := range map[string]struct {
		find    credential.Func
		waiting func() error // returns when find is in the middle of it
	}{
		"helper": {credential.FromAuthFiles([]string{config}, noticed), func() error {
			_, err := os.ReadFile(begun)
			return err
		}},
		"config.json": {credential.FromAuthFiles([]string{pipe}, noticed), func() error { return openWrite(t, pipe) }},
		"netrc":       {credential.FromNetrc(pipe, credential.Audience{Asked: []reference.Registry{repo.Registry}}, noticed), func() error { return openWrite(t, pipe) }},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			ended := make(chan error)
			go func() {
				_, err := tt.find(ctx, repo)
				ended <- err
			}()
			if err := tt.waiting(); err != nil {
				t.Fatal(err)
			}
			cancel(io.ErrClosedPipe)
			if err := <-ended; !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// openWrite opens a named pipe for writing, which waits for a reader.
func openWrite(t *testing.T, path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err == nil {
		t.Cleanup(func() { f.Close() })
	}
	return err
}
