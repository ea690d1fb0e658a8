package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// runProcess runs a command in this process, with the given environment.
func runProcess(t *testing.T, env map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	dir := t.TempDir()
	open := func(name string) *os.File {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	read := func(f *os.File) string {
		data, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	in, out, errs := open("in"), open("out"), open("err")
	p := process{
		args:   args,
		getenv: func(name string) string { return env[name] },
		stdin:  in,
		stdout: newOutput(t.Context(), out),
		stderr: newOutput(t.Context(), errs),
	}
	code = p.run(t.Context())
	return code, read(out), read(errs)
}

// A command reads the environment only from its process value.
func TestProcess(t *testing.T) {
	for _, tt := range []struct {
		name           string
		env            map[string]string
		args           []string
		code           int
		stdout, stderr string // prefixes
	}{
		{"version", nil, []string{"hocker", "--version"}, exitDone, "hocker ", ""},
		{"a link", nil, []string{"/bin/hocker-layer", "--nothing"}, exitUsage, "", "hocker-layer: unknown flag --nothing"},
		{"not run by Nix", nil, []string{"hocker", "build", "image"}, exitOther, "", "hocker: out is not set: this command is run by Nix"},
		{"a builder's output", map[string]string{"out": t.TempDir()}, []string{"hocker", "build", "image"}, exitOther, "", "hocker: /"},
		{"a builder without its input", map[string]string{"out": "/nonexistent/x"}, []string{"hocker", "build", "oci"}, exitOther, "", "hocker: built is not set"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := runProcess(t, tt.env, tt.args...)
			if code != tt.code || !strings.HasPrefix(stdout, tt.stdout) || !strings.HasPrefix(stderr, tt.stderr) {
				t.Errorf("got %d, %q, %q\nwant %d, %q, %q", code, stdout, stderr, tt.code, tt.stdout, tt.stderr)
			}
		})
	}
}
