package reference

import (
	"regexp"
	"strings"
)

// Redact returns a message without what may be a password in it: of every word
// with an @, what comes before it, unless a digest follows. The scheme of an
// address stays, so that https://me:secret@host becomes https://…@host.
func Redact(text string) string {
	if !strings.Contains(text, "@") {
		return text
	}
	return word.ReplaceAllStringFunc(text, redactValue)
}

// redactValue is Redact for a value that is one, whatever is in it.
func redactValue(value string) string {
	for at := len(value); ; {
		at = strings.LastIndexByte(value[:at], '@')
		switch {
		case at <= 0:
			return value
		case digestFollows.MatchString(value[at+1:]), placeholder.MatchString(value[:at]):
			continue
		}
		return addressScheme.FindString(value[:at]) + "…" + value[at:]
	}
}

var (
	// word is what white space and double quotes part.
	word          = regexp.MustCompile(`[^\s"]+`)
	digestFollows = regexp.MustCompile(`(?i)^(?:sha\d+:|[a-z0-9+._-]+:[0-9a-f]{32})`)
	// placeholder is our own words for a user name, as in ssh://USER@HOST.
	placeholder = regexp.MustCompile(`^[a-z]+://\[?USER$`)
	// addressScheme is what comes before a user name: of an address, of that of a
	// mirror, or none.
	addressScheme = regexp.MustCompile(`^(?:[A-Za-z0-9.:*-]+=)?(?:https?|tcp|ssh|unix|socks5h?|docker)://`)
)
