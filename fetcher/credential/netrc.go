package credential

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"strings"

	"hocker/fetcher/reference"
)

// netrc is a list of logins for hosts, in the format of ftp, curl, git, Go and Nix:
// https://www.gnu.org/software/inetutils/manual/html_node/The-_002enetrc-file.html,
// with curl's quotes: https://everything.curl.dev/usingcurl/netrc.html
//
// The parser is our own because jdx/go-netrc, the maintained library, does not support
// quotes and panics on a truncated file.
type netrc []netrcEntry

type netrcEntry struct {
	machine string // as written; empty for the default entry
	line    int    // of its first word
	Credential
}

// NetrcFile returns the path of the netrc: $NETRC, else $HOME/.netrc. It is empty if
// neither variable is set.
func NetrcFile(getenv func(string) string) string {
	if path := getenv("NETRC"); path != "" {
		return path
	}
	if home := getenv("HOME"); home != "" {
		return filepath.Join(home, ".netrc")
	}
	return ""
}

// FromNetrc returns the credentials in the netrc at path, which need not exist. An
// error in the file is passed to notice as one line.
func FromNetrc(path string, audience Audience, notice func(line string)) Func {
	return func(ctx context.Context, repo reference.Repository) (Credential, error) {
		data, err := readFile(ctx, path)
		switch {
		case path == "" || errors.Is(err, fs.ErrNotExist):
			return Credential{}, nil
		case ctx.Err() != nil:
			return Credential{}, context.Cause(ctx)
		}
		var file netrc
		if err == nil {
			file, err = parseNetrc(data)
		}
		if err != nil {
			noticeIgnored(notice, fmt.Errorf("netrc %s: %w", path, err))
			return Credential{}, nil
		}
		return file.source(path, audience)(ctx, repo)
	}
}

// isNetrc reports whether the first word of data begins a netrc.
func isNetrc(data []byte) bool {
	lexer := netrcLexer{rest: string(data), line: 1}
	word, ok, err := lexer.next()
	return ok && err == nil && (word == "machine" || word == "default" || word == "macdef")
}

// source looks up a registry by its host and port, then by its host alone, since other
// programs ignore ports here, then in the default entry, which is a secret without a
// host.
func (n netrc) source(path string, audience Audience) Func {
	return func(ctx context.Context, repo reference.Repository) (Credential, error) {
		r := repo.Registry
		for _, name := range []string{r.Name(), (&url.URL{Host: r.Host}).Hostname()} {
			for _, e := range n {
				if e.machine != "" && reference.HostName("", e.machine) == name {
					return e.Credential, nil
				}
			}
		}
		for _, e := range n {
			if e.machine == "" {
				return secret{Credential: e.Credential, origin: OriginNetrc, place: path}.source(audience)(ctx, repo)
			}
		}
		return Credential{}, nil
	}
}

// parseNetrc returns the entries with a login and a password. An error names the line,
// never its content.
func parseNetrc(data []byte) (netrc, error) {
	var entries netrc
	lexer := netrcLexer{rest: strings.ReplaceAll(string(data), "\r\n", "\n"), line: 1}
	for {
		word, ok, err := lexer.next()
		if err != nil || !ok {
			if err != nil {
				return nil, err
			}
			return entries.complete()
		}
		switch word {
		case "default":
			entries = append(entries, netrcEntry{line: lexer.line})
			continue
		case "machine", "login", "password", "account", "macdef":
		default:
			return nil, fmt.Errorf("line %d: expected machine, default, login, password, account or macdef", lexer.line)
		}
		line := lexer.line
		value, ok, err := lexer.next()
		switch {
		case err != nil:
			return nil, err
		case !ok:
			return nil, fmt.Errorf("line %d: missing value after %s", line, word)
		case word == "macdef":
			lexer.skipMacro()
		case word == "machine" && value == "":
			return nil, fmt.Errorf("line %d: missing value after machine", line)
		case word == "machine":
			entries = append(entries, netrcEntry{machine: value, line: line})
		case len(entries) == 0:
			return nil, fmt.Errorf("line %d: %s comes before the first machine", line, word)
		case word == "login":
			entries[len(entries)-1].Username = value
		case word == "password":
			entries[len(entries)-1].Password = value
		}
	}
}

// complete returns the entries with a login and a password. An entry without a password
// is valid: it makes ftp prompt for it.
func (n netrc) complete() (netrc, error) {
	var whole netrc
	for _, e := range n {
		if e.Username == "" || e.Password == "" {
			continue
		}
		if err := e.check("the login", "a password"); err != nil {
			return nil, fmt.Errorf("the entry on line %d: %w", e.line, err)
		}
		whole = append(whole, e)
	}
	return whole, nil
}

// netrcLexer splits a netrc into words.
type netrcLexer struct {
	rest  string
	line  int // of the last word, from 1
	begun bool
}

// next returns the next word; ok is false at the end. A line that starts with # is a
// comment.
func (l *netrcLexer) next() (word string, ok bool, err error) {
	for {
		atStart := l.skipSpace()
		switch {
		case l.rest == "":
			return "", false, nil
		case atStart && l.rest[0] == '#':
			end := strings.IndexByte(l.rest, '\n')
			if end < 0 {
				end = len(l.rest)
			}
			l.rest = l.rest[end:]
		case l.rest[0] == '"':
			word, err := l.quoted()
			return word, err == nil, err
		default:
			end := strings.IndexAny(l.rest, netrcSpace)
			if end < 0 {
				end = len(l.rest)
			}
			word, l.rest = l.rest[:end], l.rest[end:]
			return word, true, nil
		}
	}
}

const netrcSpace = " \t\r\n"

// skipSpace skips white space, and reports whether the next word is the first on its line.
func (l *netrcLexer) skipSpace() (atStart bool) {
	rest := strings.TrimLeft(l.rest, netrcSpace)
	skipped := l.rest[:len(l.rest)-len(rest)]
	atStart = !l.begun || strings.Contains(skipped, "\n")
	l.begun = true
	l.line += strings.Count(skipped, "\n")
	l.rest = rest
	return atStart
}

// quoted reads a word in double quotes, with the escapes \" \\ \n \r \t.
func (l *netrcLexer) quoted() (string, error) {
	var b strings.Builder
	for i := 1; i < len(l.rest); i++ {
		switch c := l.rest[i]; {
		case c == '"':
			l.rest = l.rest[i+1:]
			return b.String(), nil
		case c == '\n':
			return "", fmt.Errorf("line %d: unterminated quote", l.line)
		case c == '\\' && i+1 < len(l.rest):
			i++
			b.WriteByte(netrcEscape(l.rest[i]))
		default:
			b.WriteByte(c)
		}
	}
	return "", fmt.Errorf("line %d: unterminated quote", l.line)
}

func netrcEscape(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

// skipMacro skips the commands of a macdef, which end with an empty line.
func (l *netrcLexer) skipMacro() {
	end := strings.Index(l.rest, "\n\n")
	if end < 0 {
		end = len(l.rest)
	}
	l.line += strings.Count(l.rest[:end], "\n")
	l.rest = l.rest[end:]
}
