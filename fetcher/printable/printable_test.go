package printable_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"hocker/fetcher/printable"
)

var texts = []struct{ in, text, cell string }{
	{in: "", text: "", cell: ""},
	{in: "linux/amd64", text: "linux/amd64", cell: "linux/amd64"},
	{in: `C:\dir "größer" 文 🐳`, text: `C:\dir "größer" 文 🐳`, cell: `"C:\\dir \"größer\" 文 🐳"`},
	{in: "a  b", text: "a  b", cell: `"a  b"`},
	{in: "error:\r\n\tno such file\n", text: "error: no such file", cell: `"error:\r\n\tno such file\n"`},
	{in: "linux/amd64\nlinux/arm64\tsha256:0", text: "linux/amd64 linux/arm64 sha256:0", cell: `"linux/amd64\nlinux/arm64\tsha256:0"`},
	{in: "a\u0085b\u2028c\u2029d\v\fe\u00a0f", text: "a b c d e f", cell: `"a\u0085b\u2028c\u2029d\v\fe\u00a0f"`},
	{in: "\x1b[2J\x00\x7f", text: `\x1b[2J\x00\x7f`, cell: `\x1b[2J\x00\x7f`},
	{in: "\u009b31m", text: `\u009b31m`, cell: `\u009b31m`}, // CSI in one character
	{in: "\x9b31m\xff\xc3", text: `\x9b31m\xff\xc3`, cell: `\x9b31m\xff\xc3`},
	{in: "\u202egnp.exe\u2066\u200b\ufeff\u00ad\U000e0041", text: `\u202egnp.exe\u2066\u200b\ufeff\u00ad\U000e0041`, cell: `\u202egnp.exe\u2066\u200b\ufeff\u00ad\U000e0041`},
	{in: "\ufffd", text: "\ufffd", cell: "\ufffd"},
}

func TestText(t *testing.T) {
	for _, test := range texts {
		if got := printable.Text(test.in); got != test.text {
			t.Errorf("Text(%q) = %s, want %s", test.in, got, test.text)
		}
		if got := printable.Cell(test.in); got != test.cell {
			t.Errorf("Cell(%q) = %s, want %s", test.in, got, test.cell)
		}
	}
}

// Every character of these categories is replaced.
func TestCategories(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) && strings.ContainsRune(printable.Text("a"+string(r)+"b"), r) {
			t.Errorf("Text keeps %U", r)
		}
	}
}

var documents = map[string]string{
	"debian":                   `"debian"`,
	"a\nb\x1b":                 `"a\nb\u001b"`,
	"\u009b31m\x7f":            `"\u009b31m\u007f"`,
	"\u202e\u2028\u200b\u00a0": `"\u202e\u2028\u200b\u00a0"`,
	"\U000e0041":               `"\udb40\udc41"`,
	"größer 文 🐳 \ufffd":        `"größer 文 🐳 ` + "\ufffd" + `"`,
}

func TestJSON(t *testing.T) {
	for in, want := range documents {
		data, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(printable.JSON(data)); got != want {
			t.Errorf("JSON of %q: %s, want %s", in, got, want)
		}
	}
	if got := string(printable.JSON([]byte("{\n  \"a\": 1\n}\n"))); got != "{\n  \"a\": 1\n}\n" {
		t.Errorf("the spaces between values have changed: %q", got)
	}
}

// isLine reports whether s is one line of printable text.
func isLine(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

func FuzzText(f *testing.F) {
	for _, test := range texts {
		f.Add(test.in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		text, cell := printable.Text(in), printable.Cell(in)
		if !isLine(text) || !isLine(cell) {
			t.Fatalf("%q: cannot be printed: text %q, cell %q", in, text, cell)
		}
		if isLine(in) && text != in {
			t.Errorf("%q can be printed, but has become %q", in, text)
		}
		if again := printable.Text(text); again != text {
			t.Errorf("%q: %q becomes %q", in, text, again)
		}
		if strings.Contains(cell, " ") && !strings.HasPrefix(cell, `"`) {
			t.Errorf("%q: the cell %q looks like several", in, cell)
		}
		data, err := json.Marshal(map[string]string{in: in})
		if err != nil {
			t.Fatal(err)
		}
		var before, after map[string]string
		shown := printable.JSON(data)
		if !isLine(string(shown)) {
			t.Errorf("%q: the JSON %q cannot be printed", in, shown)
		}
		if err := json.Unmarshal(shown, &after); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, &before); err != nil {
			t.Fatal(err)
		}
		for key, value := range before {
			if after[key] != value || len(after) != 1 {
				t.Errorf("%q: the JSON has become %q", in, shown)
			}
		}
	})
}
