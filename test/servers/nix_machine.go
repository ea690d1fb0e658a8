package servers

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// NixMachine is another machine with the same Nix, as far as Nix can tell: an
// sshd on the loopback interface, behind which another store is at the place of
// the one here.
type NixMachine struct {
	dir     string
	process *process
}

// sshdConfig takes one key of one user, and gives him the session alone.
const sshdConfig = `ListenAddress 127.0.0.1
Port %[2]s
HostKey %[1]s/host
AuthorizedKeysFile %[1]s/key.pub
ForceCommand %[1]s/session
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
`

// sshConfig knows the machine as "builder".
const sshConfig = `Host builder
	HostName 127.0.0.1
	Port %[2]s
	User root
	IdentityFile %[1]s/key
	IdentitiesOnly yes
	UserKnownHostsFile %[1]s/known_hosts
	GlobalKnownHostsFile none
`

// bootMachine starts sshd in a mount namespace: the folder $1 is at $2 there,
// and there is what sshd wants below /run.
const bootMachine = `set -e
mount --bind "$1" "$2"
mount -t tmpfs tmpfs /run
mkdir /run/sshd
exec "$3" -D -e -f "$4"`

// StartNixMachine starts a machine with a store's Nix, and another store. Its sessions have more variables ("NAME=value") in their environment.
func StartNixMachine(store *NixStore, environ ...string) (*NixMachine, error) {
	dir, err := temporaryDir("machine")
	if err != nil {
		return nil, err
	}
	m := &NixMachine{dir: dir}
	if _, err := store.nix.NewStore(m.storeDir()); err != nil {
		return nil, errors.Join(err, m.Stop())
	}
	if err := m.writeSession(store, environ); err != nil {
		return nil, errors.Join(err, m.Stop())
	}
	for _, key := range []string{"host", "key"} {
		output, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, key)).CombinedOutput()
		if err != nil {
			return nil, errors.Join(fmt.Errorf("ssh-keygen: %w\n%s", err, output), m.Stop())
		}
	}
	// As with nginx, a port that was free may be taken a moment later.
	for range 5 {
		if err = m.boot(store); err == nil {
			return m, nil
		}
	}
	return nil, errors.Join(err, m.Stop())
}

// writeSession writes what runs when Nix comes in with a command.
func (m *NixMachine) writeSession(store *NixStore, environ []string) error {
	script := "#!/bin/sh\n"
	for name, value := range store.Environ() {
		environ = append(environ, name+"="+value)
	}
	environ = append(environ, "PATH="+store.nix.Path(os.Getenv("PATH")+":/usr/sbin:/sbin"))
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		script += "export " + name + "='" + strings.ReplaceAll(value, "'", `'\''`) + "'\n"
	}
	script += `exec sh -c "$SSH_ORIGINAL_COMMAND"` + "\n"
	return os.WriteFile(filepath.Join(m.dir, "session"), []byte(script), 0o755)
}

// boot starts sshd on a port that is free.
func (m *NixMachine) boot(store *NixStore) error {
	address, err := freeAddress()
	if err != nil {
		return err
	}
	_, port, _ := strings.Cut(address, ":")
	hostKey, err := os.ReadFile(filepath.Join(m.dir, "host.pub"))
	if err != nil {
		return err
	}
	for name, text := range map[string]string{
		"sshd_config": fmt.Sprintf(sshdConfig, m.dir, port),
		"ssh_config":  fmt.Sprintf(sshConfig, m.dir, port),
		"known_hosts": "[127.0.0.1]:" + port + " " + string(hostKey),
	} {
		if err := os.WriteFile(filepath.Join(m.dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	sshd, err := lookPath("sshd")
	if err != nil {
		return err
	}
	listening := func() error {
		if log := m.Log(); !strings.Contains(log, "Server listening") {
			return fmt.Errorf("sshd does not listen: %s", log)
		}
		return nil
	}
	m.process, err = startProcess(m.logPath(), listening, "unshare", "--mount", "--propagation", "slave",
		"sh", "-c", bootMachine, "sh", m.storeDir(), store.dir, sshd, filepath.Join(m.dir, "sshd_config"))
	return err
}

// Environ makes Nix reach the machine, as ssh://builder or ssh-ng://builder.
func (m *NixMachine) Environ() map[string]string {
	return map[string]string{"NIX_SSHOPTS": "-F " + filepath.Join(m.dir, "ssh_config")}
}

// Log is the end of sshd's log.
func (m *NixMachine) Log() string { return tail(m.logPath()) }

// Store is the folder that holds the machine's store paths, as it is seen from
// here.
func (m *NixMachine) Store() string { return filepath.Join(m.storeDir(), "store") }

// Stop ends the machine and removes its store.
func (m *NixMachine) Stop() error {
	if m.process != nil {
		m.process.stop()
		m.process = nil
	}
	return os.RemoveAll(m.dir)
}

func (m *NixMachine) storeDir() string { return filepath.Join(m.dir, "nix") }
func (m *NixMachine) logPath() string  { return filepath.Join(m.dir, "log") }
