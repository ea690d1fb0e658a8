package servers

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// NixDaemon is a running nix-daemon, the only writer of its store.
type NixDaemon struct {
	dir     string
	process *process
}

// StartNixDaemon starts the daemon of a store's Nix with additional environment
// variables ("NAME=value").
func StartNixDaemon(store *NixStore, environ ...string) (*NixDaemon, error) {
	program, err := store.nix.programs.LookPath("nix-daemon")
	if err != nil {
		return nil, err
	}
	// Not below the store: the path of a socket is limited to 107 characters.
	dir, err := temporaryDir("nix-daemon")
	if err != nil {
		return nil, err
	}
	d := &NixDaemon{dir: dir}
	env := append(cleanEnviron(), "NIX_DAEMON_SOCKET_PATH="+d.socket())
	for name, value := range store.Environ() {
		env = append(env, name+"="+value)
	}
	listening := func() error { return dialable("unix", d.socket()) }
	d.process, err = startProcessWith(append(env, environ...), d.logPath(), listening, program)
	if err != nil {
		return nil, errors.Join(err, d.Stop())
	}
	return d, nil
}

// Environ returns the variables that make the Nix commands use the daemon.
func (d *NixDaemon) Environ() map[string]string {
	return map[string]string{"NIX_REMOTE": "daemon", "NIX_DAEMON_SOCKET_PATH": d.socket()}
}

// Log is the end of the daemon's log.
func (d *NixDaemon) Log() string { return tail(d.logPath()) }

// Stop ends the daemon; the store stays.
func (d *NixDaemon) Stop() error {
	if d.process != nil {
		d.process.stop()
		d.process = nil
	}
	if err := os.RemoveAll(d.dir); err != nil {
		return fmt.Errorf("nix-daemon: %w", err)
	}
	return nil
}

func (d *NixDaemon) socket() string  { return filepath.Join(d.dir, "socket") }
func (d *NixDaemon) logPath() string { return filepath.Join(d.dir, "log") }
