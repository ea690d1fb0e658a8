package servers

import (
	"errors"
	"os"
	"path/filepath"
)

// NixMachine acts as another machine with the same Nix: an sshd on the loopback
// interface whose sessions have another store at the same path.
type NixMachine struct {
	dir  string
	sshd *SSHD
}

// StartNixMachine starts a machine with a store's Nix and an empty store. Its sessions
// have additional environment variables ("NAME=value").
func StartNixMachine(store *NixStore, environ ...string) (*NixMachine, error) {
	dir, err := temporaryDir("machine")
	if err != nil {
		return nil, err
	}
	m := &NixMachine{dir: dir}
	if _, err := store.nix.NewStore(m.storeDir()); err != nil {
		return nil, errors.Join(err, m.Stop())
	}
	for name, value := range store.Environ() {
		environ = append(environ, name+"="+value)
	}
	environ = append(environ, "PATH="+store.nix.Path(os.Getenv("PATH")+":/usr/sbin:/sbin"))
	if m.sshd, err = StartSSHD(environ, m.storeDir(), store.dir); err != nil {
		return nil, errors.Join(err, m.Stop())
	}
	return m, nil
}

// Environ returns the variables with which Nix reaches the machine as ssh://builder or
// ssh-ng://builder.
func (m *NixMachine) Environ() map[string]string {
	return map[string]string{"NIX_SSHOPTS": "-F " + m.sshd.Config()}
}

// Log is the end of sshd's log.
func (m *NixMachine) Log() string { return m.sshd.Log() }

// Store returns the folder of the machine's store paths, seen from this machine.
func (m *NixMachine) Store() string { return filepath.Join(m.storeDir(), "store") }

// Stop ends the machine and removes its store.
func (m *NixMachine) Stop() (err error) {
	if m.sshd != nil {
		err = m.sshd.Stop()
		m.sshd = nil
	}
	return errors.Join(err, os.RemoveAll(m.dir))
}

func (m *NixMachine) storeDir() string { return filepath.Join(m.dir, "nix") }
