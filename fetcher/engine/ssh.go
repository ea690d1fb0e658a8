package engine

import (
	"cmp"
	"net/url"
	"regexp"
	"strings"
)

// sshTarget is an engine on a host that is reached with ssh.
type sshTarget struct {
	user, host, port string // user and port may be empty
	socket           string // empty for the default of the program on the host
}

// parseSSH parses rest, the part of host after ssh://.
func parseSSH(host, rest string) (sshTarget, error) {
	u, err := url.Parse("ssh://" + rest)
	if err != nil || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" {
		return sshTarget{}, hostError(host, "expected ssh://[USER@]HOST[:PORT][/PATH]")
	}
	if _, ok := u.User.Password(); ok {
		return sshTarget{}, hostError(host, "the address contains a password, which ssh does not support: use a key or an agent")
	}
	t := sshTarget{user: u.User.Username(), host: u.Hostname(), port: u.Port(), socket: strings.TrimSuffix(u.Path, "/")}
	if strings.HasPrefix(t.host, "-") || strings.HasPrefix(t.user, "-") {
		return sshTarget{}, hostError(host, "a name that starts with - would be an option of ssh")
	}
	return t, nil
}

// command returns the command line that connects its standard input and output to the
// engine, as in docker: https://docs.docker.com/engine/security/protect-access/.
func (t sshTarget) command(program, identity string) []string {
	args := []string{"ssh", "-o", "ConnectTimeout=30", "-T"}
	if t.user != "" {
		args = append(args, "-l", t.user)
	}
	if t.port != "" {
		args = append(args, "-p", t.port)
	}
	if identity != "" {
		args = append(args, "-i", identity)
	}
	program = cmp.Or(program, "docker")
	args = append(args, "--", t.host, program)
	if t.socket != "" {
		flag := "--host"
		if program == "podman" {
			flag = "--url"
		}
		args = append(args, flag, shellQuote("unix://"+t.socket))
	}
	return append(args, "system", "dial-stdio")
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// shellQuote quotes a word for the shell on the remote host.
func shellQuote(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
