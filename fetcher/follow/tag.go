package follow

import (
	"regexp"
	"strings"

	"hocker/fetcher/reference"
)

// tag is a tag in its parts. Those of bookworm-2.0.1-rc2-slim are "bookworm-", "2.0.1",
// "-rc2" and "-slim".
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
	preRelease = regexp.MustCompile(`(?i)^([-._]?(?:(?:alpha|beta|rc|pre|preview|prerelease)(?:[-._]?[0-9]+(?:\.[0-9]+)*)?|(?:dev|snapshot|nightly|canary|[abm])[-._]?[0-9]+(?:\.[0-9]+)*))(?:$|[-._])`)
	// Images have tags such as 20260131 and sha-0123456 beside their versions.
	date    = regexp.MustCompile(`^(?:19|20)[0-9]{6,}(?:\.|$)`)
	commit  = regexp.MustCompile(`(?i)^(?:sha|git|commit|rev)[-_.]?[0-9a-f]{7,64}$`)
	numbers = regexp.MustCompile(`[0-9]+(?:\.[0-9]+)*`)
	digits  = regexp.MustCompile(`[0-9]+`)
)

// split returns the parts of a tag. ok is false if it has no version.
func split(text string) (t tag, ok bool) {
	parts := tagParts.FindStringSubmatch(text)
	if parts == nil || commit.MatchString(text) {
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

// form returns what the tags that are compared with each other have in common.
func (t tag) form() string { return t.head + "#" + numbers.ReplaceAllString(t.suffix, "#") }

// narrowForm is form with as many numbers: 1.29 and 1.29.3 differ, as do 3 and a date.
func (t tag) narrowForm() string {
	version := digits.ReplaceAllString(t.version, "#")
	if t.isDate() {
		version = "date"
	}
	return t.head + version + digits.ReplaceAllString(t.suffix, "#")
}

func (t tag) isDate() bool { return date.MatchString(t.version) }

// compare compares tags as versions. A v before the number counts for nothing.
func (t tag) compare(u tag) int {
	return reference.CompareTags(t.plain(), u.plain())
}

func (t tag) plain() string { return t.head + t.version + t.pre + t.suffix }
