package engine

import (
	"cmp"
	"net/url"
	"regexp"
	"strings"
)

// sshTarget is an engine on a host that ssh reaches.
type sshTarget struct {
	user, host, port string // user and port may be empty
	socket           string // or empty, for the one that the program there finds
}

// parseSSH reads what stands behind ssh:// in host.
func parseSSH(host, rest string) (sshTarget, error) {
	u, err := url.Parse("ssh://" + rest)
	if err != nil || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" {
		return sshTarget{}, hostError(host, "expected ssh://[USER@]HOST[:PORT][/PATH]")
	}
	if _, ok := u.User.Password(); ok {
		return sshTarget{}, hostError(host, "its address has a password, which ssh does not take: use a key or an agent")
	}
	t := sshTarget{user: u.User.Username(), host: u.Hostname(), port: u.Port(), socket: strings.TrimSuffix(u.Path, "/")}
	if strings.HasPrefix(t.host, "-") || strings.HasPrefix(t.user, "-") {
		return sshTarget{}, hostError(host, "a name that begins with - looks like a flag to ssh")
	}
	return t, nil
}

// command returns the command line whose standard input and output lead to the
// engine, as docker has it: https://docs.docker.com/engine/security/protect-access/.
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

// shellQuote returns a word as the shell on the other side has to see it.
func shellQuote(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
