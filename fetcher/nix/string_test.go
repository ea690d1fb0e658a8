package nix

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

var stringTests = []struct {
	in   string
	want string
}{
	{in: ``, want: `""`},
	{in: `debian`, want: `"debian"`},
	{in: `a"b`, want: `"a\"b"`},
	{in: `a\b`, want: `"a\\b"`},
	{in: `a\`, want: `"a\\"`},
	{in: `${builtins.abort "x"}`, want: `"\${builtins.abort \"x\"}"`},
	{in: `\${x}`, want: `"\\\${x}"`},
	{in: `$${x}`, want: `"$\${x}"`},
	{in: `$$${x}`, want: `"$$\${x}"`},
	{in: `$`, want: `"$"`},
	{in: `a$"b`, want: `"a$\"b"`},
	{in: `$\{x}`, want: `"$\\{x}"`},
	{in: `{x}`, want: `"{x}"`},
	{in: "a\nb\r\n\tc", want: `"a\nb\r\n\tc"`},
	{in: `''${x}''`, want: `"''\${x}''"`},
	{in: "\x1b[2J é \u2028", want: "\"\x1b[2J é \u2028\""},
}

func TestString(t *testing.T) {
	for _, tt := range stringTests {
		t.Run(tt.in, func(t *testing.T) {
			if got := String(tt.in); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			checkString(t, tt.in)
		})
	}
}

// checkString parses a printed string as Nix does.
func checkString(t *testing.T, s string) {
	t.Helper()
	printed := String(s)
	value, rest, err := readString(printed)
	if err != nil || value != s || rest != "" {
		t.Errorf("%q prints as %s, which parses as %q, %q, %v", s, printed, value, rest, err)
	}
	if strings.ContainsAny(printed, "\n\r") {
		t.Errorf("%q prints as %q, which is more than one line", s, printed)
	}
}

// readString parses the Nix string at the beginning of s, and returns its value
// and the rest of s. Interpolation is an error.
// https://nix.dev/manual/nix/2.34/language/string-literals
func readString(s string) (value, rest string, err error) {
	if !strings.HasPrefix(s, `"`) {
		return "", "", fmt.Errorf("not a string: %.20q", s)
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:], nil
		case s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteString(unescape(s[i]))
		case strings.HasPrefix(s[i:], "$$"):
			b.WriteString("$$") // one token: the second $ starts no interpolation
			i++
		case strings.HasPrefix(s[i:], "${"):
			return "", "", fmt.Errorf("interpolation in a string: %.20q", s[i:])
		default:
			b.WriteByte(s[i])
		}
	}
	return "", "", fmt.Errorf("unterminated string: %.20q", s)
}

func unescape(c byte) string {
	switch c {
	case 'n':
		return "\n"
	case 'r':
		return "\r"
	case 't':
		return "\t"
	}
	return string([]byte{c})
}

// Nix itself reads the strings as readString does.
func TestStringByNix(t *testing.T) {
	nix, err := exec.LookPath("nix-instantiate")
	if err != nil {
		t.Skip("Nix is not installed")
	}
	var list strings.Builder
	for _, tt := range stringTests {
		list.WriteString(String(tt.in) + " ")
	}
	out, err := exec.Command(nix, "--store", "dummy://", "--eval", "--json", "--strict", "--expr", "[ "+list.String()+"]").Output()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	if err := json.Unmarshal(out, &got); err != nil || len(got) != len(stringTests) {
		t.Fatalf("%s: %v", out, err)
	}
	for i, tt := range stringTests {
		if got[i] != tt.in {
			t.Errorf("%q is %q to Nix", tt.in, got[i])
		}
	}
}

func FuzzString(f *testing.F) {
	for _, tt := range stringTests {
		f.Add(tt.in)
	}
	f.Fuzz(checkString)
}
