package servers

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// SSHD is a running sshd on the loopback interface that accepts one key for root.
type SSHD struct {
	dir     string
	address *Address
	process *process
}

// sshdConfig accepts one key and always runs the program session, whatever the client
// requests.
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

// sshConfig names the machine "builder".
const sshConfig = `Host builder
	HostName 127.0.0.1
	Port %[2]s
	User root
	IdentityFile %[1]s/key
	IdentitiesOnly yes
	UserKnownHostsFile %[1]s/known_hosts
	GlobalKnownHostsFile none
`

// sshScript is an ssh with this configuration, for programs that cannot pass flags to
// ssh.
const sshScript = `#!/bin/sh
exec %[2]s -F %[1]s/ssh_config "$@"
`

// bootSSHD starts the sshd $1 with the configuration $2 in a mount namespace with the
// folder that it needs in /run. The folder $3, if given, is mounted at $4 there.
const bootSSHD = `set -e
test -z "$3" || mount --bind "$3" "$4"
mount -t tmpfs tmpfs /run
mkdir /run/sshd
exec "$1" -D -e -f "$2"`

// StartSSHD starts an sshd whose sessions have an environment ("NAME=value"). In them,
// a given folder is mounted at another path.
func StartSSHD(environ []string, folder, place string) (*SSHD, error) {
	dir, err := temporaryDir("sshd")
	if err != nil {
		return nil, err
	}
	s := &SSHD{dir: dir}
	if err := s.prepare(environ); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	if s.address, err = KeepAddress(); err == nil {
		err = s.boot(folder, place)
	}
	if err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// prepare makes the keys and the programs that sessions and clients run.
func (s *SSHD) prepare(environ []string) error {
	for _, key := range []string{"host", "key"} {
		output, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(s.dir, key)).CombinedOutput()
		if err != nil {
			return fmt.Errorf("ssh-keygen: %w\n%s", err, output)
		}
	}
	session := "#!/bin/sh\n"
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		session += "export " + name + "='" + strings.ReplaceAll(value, "'", `'\''`) + "'\n"
	}
	session += `exec sh -c "$SSH_ORIGINAL_COMMAND"` + "\n"
	ssh, err := lookPath("ssh")
	if err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(s.dir, "bin"), 0o755); err != nil {
		return err
	}
	client := fmt.Sprintf(sshScript, s.dir, ssh)
	return errors.Join(
		WriteProgram(filepath.Join(s.dir, "session"), []byte(session)),
		WriteProgram(filepath.Join(s.dir, "bin/ssh"), []byte(client)))
}

// boot starts sshd.
func (s *SSHD) boot(folder, place string) error {
	_, port, _ := strings.Cut(s.address.Host, ":")
	hostKey, err := os.ReadFile(filepath.Join(s.dir, "host.pub"))
	if err != nil {
		return err
	}
	for name, text := range map[string]string{
		"sshd_config": fmt.Sprintf(sshdConfig, s.dir, port),
		"ssh_config":  fmt.Sprintf(sshConfig, s.dir, port),
		"known_hosts": "[127.0.0.1]:" + port + " " + string(hostKey),
	} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	sshd, err := lookPath("sshd")
	if err != nil {
		return err
	}
	listening := func() error {
		if log := s.Log(); !strings.Contains(log, "Server listening") {
			return fmt.Errorf("sshd does not listen: %s", log)
		}
		return nil
	}
	s.process, err = startProcess(s.logPath(), listening, "unshare", "--mount", "--propagation", "slave",
		"sh", "-c", bootSSHD, "sh", sshd, filepath.Join(s.dir, "sshd_config"), folder, place)
	return err
}

// Config is the file for ssh -F that names the machine "builder".
func (s *SSHD) Config() string { return filepath.Join(s.dir, "ssh_config") }

// Bin is a folder with an ssh that uses Config.
func (s *SSHD) Bin() string { return filepath.Join(s.dir, "bin") }

// Log is the end of sshd's log.
func (s *SSHD) Log() string { return tail(s.logPath()) }

// Stop ends the server.
func (s *SSHD) Stop() error {
	if s.process != nil {
		s.process.stop()
		s.process = nil
	}
	s.address.Close()
	return os.RemoveAll(s.dir)
}

func (s *SSHD) logPath() string { return filepath.Join(s.dir, "log") }
