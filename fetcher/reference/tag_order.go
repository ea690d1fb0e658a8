package reference

import (
	"cmp"
	"regexp"
	"strings"
)

// CompareTags compares tags as versions: numbers by their value, so that 1.9 comes before
// 1.10, and a pre-release before its release: 2.0-rc1, 2.0. A v before a digit counts
// for nothing. Tags that begin with a word, such as latest, come last.
func CompareTags(a, b string) int {
	x, y := splitTag(a), splitTag(b)
	for i := range min(len(x), len(y)) + 1 {
		kind := x.kind(i)
		if c := cmp.Compare(kind, y.kind(i)); c != 0 {
			return c
		}
		if kind == tagEnd {
			break
		}
		if c := comparePart(x[i], y[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(a, b)
}

// tagParts are runs of digits and of other characters.
type tagParts []string

var (
	tagPart    = regexp.MustCompile(`[0-9]+|[^0-9]+`)
	leadingV   = regexp.MustCompile(`^[vV][0-9]`)
	preRelease = regexp.MustCompile(`(?i)^[-._]?(alpha|beta|rc|pre|dev|snapshot|nightly|canary|[abm][0-9])`)
)

func splitTag(tag string) tagParts {
	if leadingV.MatchString(tag) {
		tag = tag[1:]
	}
	return tagPart.FindAllString(tag, -1)
}

// The kinds of parts, in the order in which tags with them come.
const (
	tagPreRelease = iota
	tagEnd
	tagNumber
	tagWord
)

// kind returns the kind of a part.
func (t tagParts) kind(i int) int {
	switch {
	case i >= len(t):
		return tagEnd
	case isDigit(t[i][0]):
		return tagNumber
	case i > 0 && preRelease.MatchString(strings.Join(t[i:], "")):
		return tagPreRelease
	}
	return tagWord
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// comparePart compares parts of the same kind.
func comparePart(a, b string) int {
	if isDigit(a[0]) {
		a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	}
	return cmp.Compare(a, b)
}
