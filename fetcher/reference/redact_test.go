package reference

import (
	"strings"
	"testing"
)

const zeroDigest = "sha256:0000000000000000000000000000000000000000000000000000000000000000"

var redactTests = []struct{ text, want string }{
	{"", ""},
	{"the registry has no such image", "the registry has no such image"},
	{"https://me:hunter2@host/v2/", "https://…@host/v2/"},
	{`mirror "docker.io=https://me:hunter2@host": no`, `mirror "docker.io=https://…@host": no`},
	{`*=http://me:hunter2@a,docker.io=me:hunter3@b:1`, `*=http://…@b:1`},
	{"me:hunter2@host/app:1", "…@host/app:1"},
	{"tcp://u:hunter2@host:2375 does not answer", "tcp://…@host:2375 does not answer"},
	{"https://me:hun@ter2@host", "https://…@host"},
	{"hunter://2@host", "…@host"},
	{"x=hunter2@host", "…@host"},
	{"blob of debian@" + zeroDigest + ": no", "blob of debian@" + zeroDigest + ": no"},
	{"h:5000/x:1@" + zeroDigest, "h:5000/x:1@" + zeroDigest},
	{"https://me:hunter2@h/x@" + zeroDigest, "https://…@h/x@" + zeroDigest},
	{"debian@sha256:abc", "debian@sha256:abc"},
	{"missing digest after the @", "missing digest after the @"},
	{"expected ssh://[USER@]HOST", "expected ssh://[USER@]HOST"},
	{"me:hunter2USER@host", "…@host"},
	{"@host", "@host"},
	{"me:hunter2@", "…@"},
	{"two\tme:hunter2@a and\nme:hunter2@b", "two\t…@a and\n…@b"},
}

func TestRedact(t *testing.T) {
	for _, tt := range redactTests {
		if got := Redact(tt.text); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.text, got, tt.want)
		}
		if again := Redact(tt.want); again != tt.want {
			t.Errorf("%q: Redact is not idempotent: got %q", tt.want, again)
		}
	}
}

// A value is redacted as a whole, even if it contains spaces and quotes.
func TestInputErrorRedacts(t *testing.T) {
	for _, value := range []string{`https://me:hunter2 hunter3@host`, `me:"hunter2"@host`, "me:hunter2\n@host", "hunter2@host"} {
		err := &InputError{What: "mirror", Value: value, Reason: "expected another one"}
		if strings.Contains(err.Error(), "hunter") || !strings.Contains(err.Error(), "…@host") {
			t.Errorf("%q: got %s", value, err)
		}
	}
}

// FuzzRedact checks that any password before an @ is hidden and that digests stay.
func FuzzRedact(f *testing.F) {
	for _, tt := range redactTests {
		f.Add(tt.text)
	}
	f.Fuzz(func(t *testing.T, secret string) {
		if strings.ContainsAny(secret, "\"\\") || strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			return // not a single word
		}
		for _, text := range []string{"https://me:" + secret + "@host", "docker.io=https://me:" + secret + "@host/app@" + zeroDigest} {
			if got := Redact("said " + text + " twice"); got != "said "+addressScheme.FindString(text)+"…"+text[strings.LastIndex(text, "@host"):]+" twice" && !digestFollows.MatchString(secret) {
				t.Errorf("%q becomes %q", text, got)
			}
		}
	})
}
