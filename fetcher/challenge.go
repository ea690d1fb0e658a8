package fetcher

import (
	"strings"
	"unicode/utf8"
)

// authChallenge is one way in which a server asks for credentials.
// https://www.rfc-editor.org/rfc/rfc9110#section-11.3
type authChallenge struct {
	scheme     string            // as the server writes it: they are equal in any case
	token68    string            // what Negotiate has in place of parameters
	parameters map[string]string // by their names in lower case
}

// is reports whether c is of a scheme.
func (c authChallenge) is(scheme string) bool { return strings.EqualFold(c.scheme, scheme) }

// bearerParameters are those that a client makes a request for a token of:
// https://distribution.github.io/distribution/spec/auth/token/
var bearerParameters = []string{"realm", "service", "scope"}

// String writes c as parseChallenges and oras-go's own parser read it, whose
// quoted strings are those of Go: a backslash stands before a quote or another
// one, and before nothing else.
func (c authChallenge) String() string {
	var b strings.Builder
	b.WriteString(c.scheme)
	separator := " "
	for _, name := range bearerParameters {
		if value, ok := c.parameters[name]; ok {
			b.WriteString(separator + name + `="` + quotedPairs.Replace(value) + `"`)
			separator = ","
		}
	}
	return b.String()
}

var quotedPairs = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// parseChallenges reads WWW-Authenticate fields, each of which may have several
// challenges in it. Of one that is malformed, what stands before the mistake is
// there.
// https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1
func parseChallenges(fields []string) []authChallenge {
	var all []authChallenge
	for _, field := range fields {
		all = append(all, parseField(field)...)
	}
	return all
}

func parseField(field string) (all []authChallenge) {
	rest := skipSeparators(field)
	for rest != "" {
		var scheme string
		if scheme, rest = cutToken(rest); scheme == "" {
			return all
		}
		c := authChallenge{scheme: scheme}
		var ok bool
		c.token68, rest, ok = cutToken68(rest)
		if !ok {
			c.parameters, rest, ok = cutParameters(rest)
		}
		all = append(all, c)
		if !ok {
			return all
		}
		rest = skipSeparators(rest)
	}
	return all
}

// cutParameters reads parameters up to what begins the next challenge, which is
// a word without a = behind it. ok is false where s is malformed.
func cutParameters(s string) (parameters map[string]string, rest string, ok bool) {
	parameters = map[string]string{}
	rest = skipSeparators(s)
	for rest != "" {
		name, behind := cutToken(rest)
		behind, hasValue := strings.CutPrefix(skipSpace(behind), "=")
		if name == "" || !hasValue {
			return parameters, rest, name != ""
		}
		value, behind, ok := cutValue(skipSpace(behind))
		if !ok {
			return parameters, "", false
		}
		// A name stands there once. What no header should have in it is as good as
		// not there.
		if name = strings.ToLower(name); !hasKey(parameters, name) && isText(value) {
			parameters[name] = value
		}
		rest = skipSeparators(behind)
	}
	return parameters, "", true
}

func hasKey(m map[string]string, key string) bool {
	_, ok := m[key]
	return ok
}

// isText reports whether s is printable as far as a header goes.
func isText(s string) bool {
	control := func(r rune) bool { return r < ' ' || r == 0x7f }
	return utf8.ValidString(s) && !strings.ContainsFunc(s, control)
}

// cutValue reads a quoted string or a word. A word ends at a comma or a space,
// not where a token does: addresses are found without quotes, too.
func cutValue(s string) (value, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s, ", \t")
		if end < 0 {
			end = len(s)
		}
		return s[:end], s[end:], end > 0 && !strings.Contains(s[:end], `"`)
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:], true
		case '\\': // \x is x, whatever it is
			if i++; i == len(s) {
				return "", "", false
			}
		}
		b.WriteByte(s[i])
	}
	return "", "", false
}

// cutToken68 reads what may stand behind a scheme in place of parameters, up to
// a comma or the end.
// https://www.rfc-editor.org/rfc/rfc9110#section-11.2
func cutToken68(s string) (token, rest string, ok bool) {
	trimmed := skipSpace(s)
	end := 0
	for end < len(trimmed) && (isAlphanumeric(trimmed[end]) || strings.IndexByte("-._~+/", trimmed[end]) >= 0) {
		end++
	}
	equals := len(trimmed[end:]) - len(strings.TrimLeft(trimmed[end:], "="))
	token, rest = trimmed[:end+equals], trimmed[end+equals:]
	behind := skipSpace(rest)
	if end == 0 || len(trimmed) == len(s) || behind != "" && behind[0] != ',' {
		return "", s, false
	}
	return token, rest, true
}

// cutToken reads a token: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
func cutToken(s string) (token, rest string) {
	end := 0
	for end < len(s) && (isAlphanumeric(s[end]) || strings.IndexByte("!#$%&'*+-.^_`|~", s[end]) >= 0) {
		end++
	}
	return s[:end], s[end:]
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

func skipSpace(s string) string { return strings.TrimLeft(s, " \t") }

// skipSeparators passes commas, of which a list may have too many, and spaces.
func skipSeparators(s string) string { return strings.TrimLeft(s, ", \t") }
