package fetcher

import (
	"strings"
	"unicode/utf8"
)

// authChallenge is one challenge of a WWW-Authenticate field.
// https://www.rfc-editor.org/rfc/rfc9110#section-11.3
type authChallenge struct {
	scheme     string            // as the server spells it; case does not matter
	token68    string            // in place of parameters, as in Negotiate
	parameters map[string]string // by name, in lower case
}

// is reports whether c has the given scheme.
func (c authChallenge) is(scheme string) bool { return strings.EqualFold(c.scheme, scheme) }

// bearerParameters are the parameters that a token request is made from:
// https://distribution.github.io/distribution/spec/auth/token/
var bearerParameters = []string{"realm", "service", "scope"}

// String formats c so that both parseChallenges and oras-go can parse it. oras-go
// uses [strconv.Unquote], so a backslash may only precede a quote or a backslash.
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

// parseChallenges parses WWW-Authenticate fields, each of which may hold several
// challenges. A malformed field yields what precedes the error.
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

// cutParameters parses parameters up to the next challenge, which starts with a
// token that no = follows. ok is false if s is malformed.
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
		// The first of several equal names counts. A value with control characters
		// is ignored.
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

// isText reports whether s is UTF-8 without control characters.
func isText(s string) bool {
	control := func(r rune) bool { return r < ' ' || r == 0x7f }
	return utf8.ValidString(s) && !strings.ContainsFunc(s, control)
}

// cutValue parses a quoted string or an unquoted value. The latter ends at a comma
// or a space, and is not limited to a token: some servers do not quote URLs.
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
		case '\\': // a quoted pair: \x is x
			if i++; i == len(s) {
				return "", "", false
			}
		}
		b.WriteByte(s[i])
	}
	return "", "", false
}

// cutToken68 parses a token68, which may follow a scheme in place of parameters.
// It must end at a comma or at the end of s.
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

// cutToken parses a token: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
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

// skipSeparators skips spaces and commas. A list may have empty elements.
func skipSeparators(s string) string { return strings.TrimLeft(s, ", \t") }
