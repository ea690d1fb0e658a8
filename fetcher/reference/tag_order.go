package reference

import (
	"cmp"
	"strings"
)

// CompareTags compares tags as versions: numbers by their value, so that 1.9 comes before
// 1.10, and a pre-release before its release: 2.0-rc1, 2.0. A v before a digit counts
// for nothing. Tags that begin with a word, such as latest, come last.
func CompareTags(a, b string) int {
	x, y := withoutV(a), withoutV(b)
	for first := true; ; first = false {
		kind := partKind(x, first)
		if c := cmp.Compare(kind, partKind(y, first)); c != 0 {
			return c
		}
		if kind == tagEnd {
			return cmp.Compare(a, b)
		}
		p, q := firstPart(x), firstPart(y)
		if c := comparePart(p, q); c != 0 {
			return c
		}
		x, y = x[len(p):], y[len(q):]
	}
}

func withoutV(tag string) string {
	if len(tag) > 1 && strings.IndexByte("vV", tag[0]) >= 0 && isDigit(tag[1]) {
		return tag[1:]
	}
	return tag
}

// preReleases are the words that begin a pre-release, as do a, b and m before a digit.
var preReleases = []string{"alpha", "beta", "rc", "pre", "dev", "snapshot", "nightly", "canary"}

// beginsPreRelease reports whether a text begins a pre-release: -rc1, .beta2, a1.
func beginsPreRelease(text string) bool {
	if strings.IndexByte("-._", text[0]) >= 0 {
		text = text[1:]
	}
	for _, word := range preReleases {
		if len(text) >= len(word) && strings.EqualFold(text[:len(word)], word) {
			return true
		}
	}
	return len(text) > 1 && strings.IndexByte("abmABM", text[0]) >= 0 && isDigit(text[1])
}

// firstPart returns the digits at the start of a text, or what comes before them.
func firstPart(text string) string {
	for i := range len(text) {
		if isDigit(text[i]) != isDigit(text[0]) {
			return text[:i]
		}
	}
	return text
}

// The kinds of parts, in the order in which tags with them come.
const (
	tagPreRelease = iota
	tagEnd
	tagNumber
	tagWord
)

// partKind returns the kind of the first part of what is left of a tag.
func partKind(left string, first bool) int {
	switch {
	case left == "":
		return tagEnd
	case isDigit(left[0]):
		return tagNumber
	case !first && beginsPreRelease(left):
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
