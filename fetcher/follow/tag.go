package follow

import (
	"regexp"
	"strings"
)

// tag is a tag in its parts. Those of bookworm-2.0.1-rc2-slim are "bookworm-", "2.0.1",
// "-rc2" and "-slim". The digits of an architecture are letters in them: armv7 has no
// number.
type tag struct {
	text    string
	head    string // before the first digit; a v counts for nothing
	version string // numbers with dots between them
	pre     string // the pre-release, or empty
	suffix  string
}

var (
	tagParts = regexp.MustCompile(`^([^0-9]*)([0-9]+(?:\.[0-9]+)*)(.*)$`)
	// Variants of images have names such as -dev, so that these words are of a
	// pre-release only with a number.
	preRelease    = regexp.MustCompile(`(?i)^([-._]?(?:(?:alpha|beta|rc|pre|preview|prerelease)(?:[-._]?[0-9]+(?:\.[0-9]+)*)?|(?:dev|snapshot|nightly|canary|[abm])[-._]?[0-9]+(?:\.[0-9]+)*))(?:$|[-._])`)
	architectures = regexp.MustCompile(`(?i)arm(?:32|64)?[-_]?v[5-9]|arm(?:32|64)|x86[-_]64|x(?:32|64|86)|amd64|i386|ppc64|s390|riscv64|win(?:32|64)`)
	commit        = regexp.MustCompile(`(?i)^(?:sha|git|commit|rev)[-_.]?[0-9a-f]{7,64}$`)
)

// split returns the parts of a tag. ok is false if it has no version.
func split(text string) (t tag, ok bool) {
	parts := tagParts.FindStringSubmatch(architectures.ReplaceAllStringFunc(text, withoutDigits))
	if parts == nil || commit.MatchString(text) || isCommit(text) {
		return tag{}, false
	}
	t = tag{text: text, head: parts[1], version: parts[2], suffix: parts[3]}
	if strings.EqualFold(t.head, "v") {
		t.head = ""
	}
	if found := preRelease.FindStringSubmatch(t.suffix); found != nil {
		t.pre, t.suffix = found[1], t.suffix[len(found[1]):]
	}
	return t, true
}

func withoutDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return r - '0' + 'A'
		}
		return r
	}, text)
}

// isCommit reports whether a word is the hash of a commit. One of digits alone is a
// number.
func isCommit(word string) bool {
	return len(word) >= 7 && len(word) <= 40 && strings.ContainsAny(word, "0123456789") &&
		strings.ContainsAny(word, "abcdef") && strings.Trim(word, "0123456789abcdef") == ""
}
