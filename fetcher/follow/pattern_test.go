package follow

import (
	"slices"
	"strings"
	"testing"

	"hocker/fetcher/reference"
)

// newestTests choose among the tags of nginx, or others.
var newestTests = []struct {
	name, pattern, like, tags, want string
}{
	{"a pattern", "1.29.*", "latest", "1.29.3 1.29.10 1.29.9 1.30.0", "1.29.10"},
	{"as many numbers or more", "1.29*", "", "1.29 1.29.3 1", "1.29.3"},
	{"no suffix", "1.29.*", "1.29.3", "1.29.3 1.29.4-alpine 1.29.5-perl", "1.29.3"},
	{"no suffix yet", "1.29.*", "", "1.29.3 1.29.4-alpine", "1.29.3"},
	{"the suffix of the locked tag", "1.29.*", "1.29.3-alpine", "1.29.3-alpine 1.29.4-alpine 1.29.5 1.29.6-alpine-slim", "1.29.4-alpine"},
	{"the suffix of a tag outside of the pattern", "1.29.*", "1.28-alpine", "1.29.3-alpine 1.29.4", "1.29.3-alpine"},
	{"the suffix of the pattern", "1.29.*-alpine", "1.29.3", "1.29.3-alpine 1.29.4-perl-alpine 1.29.4", "1.29.3-alpine"},
	{"numbers in the suffix", "1.29.*", "1.29.3-alpine3.20", "1.29.3-alpine3.22 1.29.3-alpine 1.29.2-alpine3.23", "1.29.3-alpine3.22"},
	{"a variant stays", "2.*", "2.528.1-lts-jdk21", "2.528.2-lts-jdk17 2.528.2-lts-jdk21 2.528.2-lts-jdk25", "2.528.2-lts-jdk21"},
	{"a variant that ends", "3.*", "3.20-alpine3.20", "3.21-alpine3.21 3.21-alpine3.22 3.20-alpine3.20", "3.21-alpine3.22"},
	{"the builds of a variant", "1.*", "1.2-jdk21-build3", "1.2-jdk21-build9 1.2-jdk21-build10 1.2-jdk25-build11", "1.2-jdk21-build10"},
	{"the words of the tag", "^1", "stable-alpine", "1.29.3 1.29.3-alpine 1.29.3-alpine-slim 1.30.0", "1.29.3-alpine"},
	{"a variant among the words", "^2", "lts-jdk21", "2.539 2.539-jdk25 2.528.2-lts-jdk21 2.528.2-lts-jdk25", "2.528.2-lts-jdk21"},
	{"words and a date", "trixie-*", "bookworm-20251103-slim", "trixie-20251117 trixie-20251117-slim", "trixie-20251117-slim"},
	{"an architecture", "*", "1.2.4-armv7", "1.2.4-armv7 1.2.5-armv6 1.2.6-arm64v8 1.2.7", "1.2.4-armv7"},
	{"an architecture before", "*", "arm32v7-1.2.4", "arm32v7-1.2.5 arm64v8-1.2.6 amd64-1.2.7 arm32v7-1.2.6-rc1", "arm32v7-1.2.5"},
	{"an architecture alone", "arm64v8-*", "arm64v8-latest", "arm64v8-latest arm64v8-4.0.15 arm64v8-4.0.16 arm32v7-5.0", "arm64v8-4.0.16"},
	{"an architecture in the pattern", "*-x86_64", "", "1.2-x86_64 1.3-x64_64 1.3-arm_64", "1.2-x86_64"},
	{"a commit behind the version", "1.*", "1.42.1.10060-4e8b05daf", "1.42.1.10060-4e8b05daf 1.42.2.10156-f737b826c 1.42.2.10157", "1.42.2.10156-f737b826c"},
	{"a commit of the same version", "0.*", "0.0.0-4e8b05d", "0.0.0-4e8b05d 0.0.0-ffff999", "0.0.0-4e8b05d"},
	{"underscores", ">=24", "24_36-jre", "24_36-jre 25_36-jre 25.0.1_8-jre", "25.0.1_8-jre"},
	{"builds of one version", "1.*", "1.29.3-debian-12-r2", "1.29.3-debian-12-r10 1.29.3-debian-12-r9 1.29.3-ubuntu-24-r11", "1.29.3-debian-12-r10"},
	{"a variant that sounds like a pre-release", "1.*", "1.29.3-dev", "1.29.4-dev 1.29.5", "1.29.4-dev"},
	{"none", "1.29.*", "1.28.1", "1.28.2 1.30.0 latest", ""},
	{"no tags", "*", "", "", ""},
	{"no pre-release", "1.*", "1.29.3", "1.29.3 1.30.0-rc1 1.30.0rc2 1.30.0-beta 1.30.0-dev.2", "1.29.3"},
	{"a pre-release, if one is locked", "1.*", "1.30.0-rc1", "1.29.3 1.30.0-rc1 1.30.0-rc2", "1.30.0-rc2"},
	{"the release after it", "1.*", "1.30.0-rc1", "1.30.0-rc2 1.30.0 1.30.0-alpine", "1.30.0"},
	{"a pre-release with a suffix", "3.14*", "3.14.0rc1-slim-bookworm", "3.14.0rc2-slim-bookworm 3.14.0rc3", "3.14.0rc2-slim-bookworm"},
	{"newest counts them", "newest:1.*", "1.29.3", "1.29.3 1.30.0-rc1 1.30.0-rc1-alpine", "1.30.0-rc1"},
	{"a pattern of pre-releases", "1.30.0-rc*", "1.29.3", "1.29.3 1.30.0-rc1 1.30.0-rc2 1.30.0 1.30.0-beta3", "1.30.0-rc2"},
	{"a commit is no version", "sha-*", "", "sha-0123456 sha-abc1234 sha-9999999", ""},
	{"a date", "newest:bookworm-2026*", "latest", "bookworm-20260101 bookworm-20261101 bookworm-20261102-slim bookworm-20251231", "bookworm-20261101"},
	{"a date with a suffix", "bookworm-*-slim", "", "bookworm-20260101-slim bookworm-20261101", "bookworm-20260101-slim"},
	{"versions beside dates and commits", "*", "latest", "20260127 1234567 9abcdef 3.22.2 3.21.5", "3.22.2"},
	{"a version is followed by no date", "*", "3.20", "20260127 3.22.2", "3.22.2"},
	{"a date is followed by no version", "*", "20251016", "20260127 20260 9999999 21000000", "20260127"},
	{"a range beside commits", ">=4", "", "1234567 4.39.13 4 9876543", "4.39.13"},
	{"a number alone", "*", "latest", "7 8 latest stable", "8"},

	{"a range", "^1.29", "latest", "1.28.9 1.29 1.29.3 1.30.1 2.0.0 1", "1.30.1"},
	{"a range of patches", "~1.29", "1.29.1", "1.29.1 1.29.8 1.30.0", "1.29.8"},
	{"from and to", ">=1.2 <2", "", "1.1.9 1.9.0 2.0.0", "1.9.0"},
	{"one or the other", "^1.29 || ^3", "", "1.29.1 2.0.0 3.1.0 4.0.0", "3.1.0"},
	{"a range with a suffix", "^1.29", "1.29-alpine", "1.29.3-alpine 1.30.0 1.30-alpine 1.30.1-alpine-perl", "1.30-alpine"},
	{"a range without pre-releases", "^1.29", "1.29.0", "1.29.0 1.30.0-rc1", "1.29.0"},
	{"a range with pre-releases", "^1.29.0-0", "1.29.0", "1.29.0 1.30.0-rc1 1.30.0-rc1-alpine 2.0.0-rc1", "1.30.0-rc1"},
	{"four numbers", "^1.29", "", "1.29.3 1.29.3.1", "1.29.3"},
	{"a date is no version", ">=3", "3.20", "3.20 3.22.1 20260131 20260131.1", "3.22.1"},
	{"a v", "^3.5", "", "v3.5.0 v3.6.1", "v3.6.1"},
	{"with and without a v", "^3.5", "3.5.0", "v3.5.0 3.5.0 v3.6.1 3.6.1", "3.6.1"},
	{"with a v", "v3.*", "v3.5.0", "v3.5.0 v3.6.1 3.6.1", "v3.6.1"},
	{"a word is no version", "^1", "", "bookworm-1.2.3 jammy1", ""},
	{"too large a number", ">=1", "", "99999999999999999999 1.2", "1.2"},
}

func TestNewest(t *testing.T) {
	for _, tt := range newestTests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := Parse(tt.pattern)
			if err != nil {
				t.Fatal(err)
			}
			tags := strings.Fields(tt.tags)
			for range 2 {
				if got := p.Newest(tags, tt.like); got != tt.want {
					t.Errorf("%s, %q of %q: %q, want %q", tt.pattern, tt.like, tags, got, tt.want)
				}
				slices.Reverse(tags)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	const ascii, noRange = "expected at most 256 characters of ASCII, with single spaces", "not a range of semantic versions, such as ^1.29, ~1.29 or >=1.2 <2"
	const one = "matches one tag only: add a *, as in 1.29.*, or name that tag"
	for in, reason := range map[string]string{
		"":                       ascii,
		"1.29.* ":                ascii,
		"1.2\n*":                 ascii,
		"é*":                     ascii,
		strings.Repeat("*", 257): ascii,
		"^":                      noRange,
		"^latest":                noRange,
		">=1.2 <":                noRange,
		"1.29 1.30*x":            noRange,
		"1.29":                   one,
		"newest:1.29":            one,
		"newest:":                one,
		"1.[29":                  `a [ lacks its ], or nothing follows a \`,
		`1.*\`:                   `a [ lacks its ], or nothing follows a \`,
	} {
		p, err := Parse(in)
		want := reference.InputError{What: "pattern", Value: in, Reason: reason}
		if p.String() != "" || err == nil || err.Error() != want.Error() {
			t.Errorf("%q: %v, want %v", in, err, &want)
		}
	}
}

func TestNewer(t *testing.T) {
	for _, tt := range []struct{ than, tags, want string }{
		{"1.29.3", "1.29.3 1.30.0 2.0.1 2.0.2-alpine 2.1 2 2.0.3-rc1 latest 20260101", "2.0.1"},
		{"1.29", "1.29.3 1.30 1.30.1", "1.30"},
		{"17", "16 17 18 18.1 19-alpine", "18"},
		{"17-alpine3.20", "18-alpine3.22 18-alpine 18-alpine3", "18-alpine3.22"},
		{"2.0.0-rc1", "2.0.0-rc2 2.0.0-rc2-slim", "2.0.0-rc2"},
		{"v1.2.3", "1.2.3 v1.2.3", ""},
		{"v1.2.3", "1.2.4 v1.2.4", "v1.2.4"},
		{"bookworm-20260101", "bookworm-20260102 trixie-20260901", "bookworm-20260102"},
		{"2.528.2-lts-jdk21", "2.528.2-lts-jdk25", ""},
		{"2.528.1-lts-jdk21", "2.528.2-lts-jdk25 2.528.2-lts-jdk21", "2.528.2-lts-jdk21"},
		{"arm32v7-1.2.4", "arm64v8-1.2.6", ""},
		{"1.42.1-4e8b05daf", "1.42.2-f737b826c 1.42.1-ffffffff9", "1.42.2-f737b826c"},
		{"21.0.9_10-jre", "21_36-jre 21.0.9_9-jre", ""},
		{"4", "9876543", ""},
		{"bookworm", "trixie bookworm-20260102", ""},
		{"3", "1 2", ""},
		{"3", "4 20260131", "4"},
		{"20260131", "20260228 99999999", "20260228"},
	} {
		if got := Newer(strings.Fields(tt.tags), tt.than); got != tt.want {
			t.Errorf("newer than %s in %s: %q, want %q", tt.than, tt.tags, got, tt.want)
		}
	}
}

func TestOlder(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"1.9", "1.10", true}, {"1.10", "1.9", false}, {"1.9", "1.9", false}, {"1.9", "v1.9", false},
		{"1.0-rc1", "1.0", true}, {"latest", "1.9", false}, {"1.9", "latest", false},
	} {
		if got := Older(tt.a, tt.b); got != tt.want {
			t.Errorf("%s is older than %s: %v", tt.a, tt.b, got)
		}
	}
}

// FuzzNewest checks that what is chosen is one of the tags, that it has the form of the
// tag before, and that choosing again changes nothing.
func FuzzNewest(f *testing.F) {
	for _, tt := range newestTests {
		f.Add(tt.pattern, tt.like, tt.tags)
	}
	f.Fuzz(func(t *testing.T, pattern, like, list string) {
		p, err := Parse(pattern)
		if err != nil {
			return
		}
		if again, err := Parse(p.String()); err != nil || again.String() != pattern {
			t.Fatalf("%q is %q, %v", pattern, again, err)
		}
		tags := strings.Fields(list)
		if slices.ContainsFunc(tags, func(tag string) bool { return reference.CheckTag(tag) != nil }) {
			return
		}
		got := p.Newest(tags, like)
		if got == "" {
			return
		}
		if !slices.Contains(tags, got) {
			t.Fatalf("%q is not one of %q", got, tags)
		}
		chosen, _ := split(got)
		if old, ok := split(like); ok && p.matches(old) && old.form() != chosen.form() {
			t.Errorf("%q does not have the form of %q", got, like)
		}
		if again := p.Newest(tags, got); again != got {
			t.Errorf("%q, then %q", got, again)
		}
		if newer := Newer(tags, got); newer != "" && (!Older(got, newer) || chosen.pre == "" && p.matches(mustSplit(newer))) {
			t.Errorf("%q is chosen, but %q is newer", got, newer)
		}
	})
}

func mustSplit(text string) tag {
	t, _ := split(text)
	return t
}
