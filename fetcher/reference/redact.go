package reference

import (
	"regexp"
	"strings"
)

// Redact hides possible passwords in a message. In every word that contains an @,
// it replaces the text before the @, unless a digest follows. The scheme of an
// address stays: https://me:secret@host becomes https://…@host.
func Redact(text string) string {
	if !strings.Contains(text, "@") {
		return text
	}
	return word.ReplaceAllStringFunc(text, redactValue)
}

// redactValue is Redact for a single value, which may contain spaces and quotes.
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
	// word is text without white space and double quotes.
	word          = regexp.MustCompile(`[^\s"]+`)
	digestFollows = regexp.MustCompile(`(?i)^(?:sha\d+:|[a-z0-9+._-]+:[0-9a-f]{32})`)
	// placeholder matches the user name in our own messages, as in ssh://USER@HOST.
	placeholder = regexp.MustCompile(`^[a-z]+://\[?USER$`)
	// addressScheme matches the text that may precede a user name: the scheme of an
	// address, with the REGISTRY= of a mirror before it.
	addressScheme = regexp.MustCompile(`^(?:[A-Za-z0-9.:*-]+=)?(?:https?|tcp|ssh|unix|socks5h?|docker)://`)
)
