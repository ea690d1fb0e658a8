package follow

import (
	"cmp"
	"regexp"
	"strings"

	"hocker/fetcher/reference"
)

var (
	words   = regexp.MustCompile(`[^-_+]+`)
	numbers = regexp.MustCompile(`[0-9]+(?:\.[0-9]+)*`)
	digits  = regexp.MustCompile(`[0-9]+`)
	named   = regexp.MustCompile(`[A-Za-z]{3,}[0-9]+(?:\.[0-9]+)*`)
	build   = regexp.MustCompile(`(?i)^(?:build|rev|patch|hotfix)`)
	date    = regexp.MustCompile(`^(?:19|20)[0-9]{6,}(?:\.|$)`)
	long    = regexp.MustCompile(`^[0-9]{7}`)
)

// The kinds of versions. Images have tags such as 20260131 and 1234567, a commit or a
// build, beside their versions.
const (
	isVersion = iota
	isDate
	isLong
)

func (t tag) kind() int {
	switch {
	case date.MatchString(t.version):
		return isDate
	case long.MatchString(t.version):
		return isLong
	}
	return isVersion
}

// form returns what the tags that are compared with each other have in common.
func (t tag) form() string { return t.head + "#" + mask(t.suffix, numbers) }

// narrowForm is form with as many numbers: 1.29 and 1.29.3 differ, as do 3 and a date.
func (t tag) narrowForm() string {
	version := digits.ReplaceAllString(t.version, "#")
	if kind := t.kind(); kind != isVersion {
		version = strings.Repeat("#", 1+kind)
	}
	return t.head + version + mask(t.suffix, digits)
}

// mask replaces the numbers and the commits in a suffix.
func mask(suffix string, numbers *regexp.Regexp) string {
	if !strings.ContainsAny(suffix, "0123456789") {
		return suffix
	}
	return words.ReplaceAllStringFunc(suffix, func(word string) string {
		if isCommit(word) {
			return "~"
		}
		return numbers.ReplaceAllString(word, "#")
	})
}

// variant returns what a suffix says of what is in the image: the commits, and words with
// a number such as jdk21, but not the number of a build: -r2, -ls298.
func (t tag) variant() (variant string) {
	for _, word := range words.FindAllString(t.suffix, -1) {
		if !isCommit(word) {
			word = named.FindString(word)
		}
		if !build.MatchString(word) {
			variant += word + " "
		}
	}
	return variant
}

// compareVersion compares tags of one form but for their suffixes. A v before the number
// counts for nothing.
func (t tag) compareVersion(u tag) int {
	return reference.CompareTags(t.head+t.version+t.pre, u.head+u.version+u.pre)
}

func (t tag) compare(u tag) int {
	return cmp.Or(t.compareVersion(u), reference.CompareTags(t.suffix, u.suffix))
}

// take replaces t with u if u is newer, or if t is none. Of tags that are the same version,
// it prefers the variant of old, and of those that differ only by a v, the one that is like
// old.
func (t *tag) take(u, old tag) {
	if t.text == "" || u.better(*t, old) {
		*t = u
	}
}

func (t tag) better(best, old tag) bool {
	if c := t.compareVersion(best); c != 0 {
		return c > 0
	}
	return cmp.Or(prefer(t, best, tag.variant, old), t.compare(best),
		prefer(t, best, tag.v, old), cmp.Compare(t.text, best.text)) > 0
}

// prefer compares tags by whether they have the property of old.
func prefer(a, b tag, property func(tag) string, old tag) int {
	like := func(t tag) int {
		if property(t) == property(old) {
			return 1
		}
		return 0
	}
	return cmp.Compare(like(a), like(b))
}

// v returns the v before the number, if there is one.
func (t tag) v() string {
	if t.head == "" && strings.HasPrefix(strings.ToLower(t.text), "v") {
		return "v"
	}
	return ""
}
