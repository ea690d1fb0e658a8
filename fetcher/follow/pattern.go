package follow

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"

	"hocker/fetcher/reference"

	"github.com/Masterminds/semver/v3"
)

// Pattern says which tags an image follows.
type Pattern struct {
	text string
	// glob is a pattern of [path.Match]; versions is a range, if glob is empty.
	glob     string
	versions *semver.Constraints
	// preReleases says that pre-releases count too.
	preReleases bool
}

// newest begins a pattern for which pre-releases count too.
const newest = "newest:"

// maxText limits what to follow, in bytes. Ranges take a few dozen.
const maxText = 256

var (
	printable = regexp.MustCompile(`^[!-~]+( [!-~]+)*$`)
	rangeText = regexp.MustCompile(`^[\^~<>=!]|[ ,|]`)
	wildcard  = regexp.MustCompile(`\*|\?|\[[^\]]*\]`)
)

// Parse parses a pattern of tags, such as 1.29.*; a range of versions, such as ^1.29 or
// >=1.2 <2; or newest:PATTERN.
//
// Errors: *[reference.InputError].
func Parse(text string) (Pattern, error) {
	p := Pattern{text: text}
	if err := p.parse(); err != nil {
		return Pattern{}, &reference.InputError{What: "pattern", Value: text, Reason: err.Error()}
	}
	return p, nil
}

func (p *Pattern) parse() (err error) {
	if len(p.text) > maxText || !printable.MatchString(p.text) {
		return fmt.Errorf("expected at most %d characters of ASCII, with single spaces", maxText)
	}
	if rangeText.MatchString(p.text) {
		if p.versions, err = semver.NewConstraint(p.text); err != nil {
			return errors.New("not a range of semantic versions, such as ^1.29, ~1.29 or >=1.2 <2")
		}
		return nil
	}
	p.glob, p.preReleases = strings.CutPrefix(p.text, newest)
	switch _, err := path.Match(p.glob, ""); {
	case err != nil:
		return errors.New(`a [ lacks its ], or nothing follows a \`)
	case !wildcard.MatchString(p.glob):
		return errors.New("matches one tag only: add a *, as in 1.29.*, or name that tag")
	}
	if model, _ := p.model(); model.pre != "" {
		p.preReleases = true // 1.30.0-rc* can mean nothing else
	}
	return nil
}

// String returns the pattern as it was parsed.
func (p Pattern) String() string { return p.text }

// Newest returns the newest of the tags that p matches and that have the form of the tag
// like. If p does not match like, they have the form of the pattern, and the suffix of
// like if the pattern has none: that of 1.28-alpine or stable-alpine is -alpine. It
// returns "" if there is none.
func (p Pattern) Newest(tags []string, like string) string {
	old, _ := split(like)
	preReleases := p.preReleases || p.versions != nil || old.pre != "" && p.matches(old)
	choices := p.choices(old, like)
	for _, text := range tags {
		t, ok := split(text)
		if !ok || t.pre != "" && !preReleases || !p.matches(t) {
			continue
		}
		form := t.form()
		for n := range choices {
			if c := &choices[n]; c.form == form {
				c.newest[t.kind()].take(t, c.old)
			}
		}
	}
	for _, c := range choices {
		if best := c.best(); best != "" {
			return best
		}
	}
	return ""
}

// choice is a choice among the tags of a form.
type choice struct {
	form   string
	old    tag             // what is like it is preferred
	newest [isLong + 1]tag // by kind
	only   bool            // only the kind of old
}

func (c choice) best() string {
	if c.only {
		return c.newest[c.old.kind()].text
	}
	return cmp.Or(c.newest[isVersion].text, c.newest[isDate].text, c.newest[isLong].text)
}

// choices returns what to choose from, the best one first.
func (p Pattern) choices(old tag, like string) []choice {
	if old.text != "" && p.matches(old) {
		return []choice{{form: old.form(), old: old, only: true}}
	}
	model, ok := p.model()
	if !ok {
		return nil
	}
	var all []choice
	for _, suffix := range suffixes(model, old, like) {
		model.suffix, old.suffix = suffix, suffix
		all = append(all, choice{form: model.form(), old: old})
	}
	return all
}

// suffixes returns the suffixes that the first tag may have, the best one first.
func suffixes(model, old tag, like string) (all []string) {
	switch {
	case model.suffix != "":
		return []string{model.suffix}
	case old.text != "" && old.head == "":
		return []string{old.suffix}
	}
	// Of stable-alpine: -stable-alpine, -alpine, and none.
	for rest, more := like, like != ""; more; _, rest, more = strings.Cut(rest, "-") {
		all = append(all, "-"+architectures.ReplaceAllStringFunc(rest, withoutDigits))
	}
	return append(all, "")
}

// Newer returns the newest of the tags that are newer than the tag than, and that have
// its form and as many numbers. Those of the same version are of its variant. Pre-releases
// count only if than is one. It returns "" if there is none.
func Newer(tags []string, than string) string {
	old, ok := split(than)
	if !ok {
		return ""
	}
	form := old.narrowForm()
	var best tag
	for _, text := range tags {
		t, ok := split(text)
		if ok && (t.pre == "" || old.pre != "") && t.compare(old) > 0 && t.narrowForm() == form &&
			(t.compareVersion(old) > 0 || t.variant() == old.variant()) {
			best.take(t, old)
		}
	}
	return best.text
}

// Older reports whether the tag a is an older version than b.
func Older(a, b string) bool {
	x, okX := split(a)
	y, okY := split(b)
	return okX && okY && x.compare(y) < 0
}

// model returns the tag that the pattern is, with a number for each wildcard.
func (p Pattern) model() (t tag, ok bool) {
	return split(wildcard.ReplaceAllString(cmp.Or(p.glob, "0"), "0"))
}

// matches reports whether p matches t.
func (p Pattern) matches(t tag) bool {
	if p.versions == nil {
		matches, _ := path.Match(p.glob, t.text) // Parse has checked it
		return matches
	}
	v := t.semver()
	return v != nil && p.versions.Check(v)
}

// semver returns the version of a tag, or nil if it is not a semantic one: it begins with
// one to three numbers that are no date, commit or build.
func (t tag) semver() *semver.Version {
	parts := strings.Split(t.version, ".")
	if t.head != "" || len(parts) > 3 || t.kind() != isVersion {
		return nil
	}
	var v [3]uint64
	for i, part := range parts {
		var err error
		if v[i], err = strconv.ParseUint(part, 10, 64); err != nil {
			return nil
		}
	}
	return semver.New(v[0], v[1], v[2], strings.TrimLeft(t.pre, "-._"), "")
}
