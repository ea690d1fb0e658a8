package nix

import (
	"errors"
	"strings"
	"testing"

	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
)

// checkError compares the whole text of an error. If want is empty, it expects
// no error.
func checkError(t *testing.T, err error, want string) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
	}
	if got != want {
		t.Fatalf("error\n got: %s\nwant: %s", got, want)
	}
}

// One digest in all forms that nix hash convert prints.
const (
	configDigest = "sha256:054abe38b1e6f863befa4258cbfaf127b1cc9440d2e2e349b15d22e676b591e7"
	configBase16 = "054abe38b1e6f863befa4258cbfaf127b1cc9440d2e2e349b15d22e676b591e7"
	configBase32 = "1rwinmvfc8jxn54y7qnj82acrc97y7xcnn22zaz67y76n4wbwjh5"
	configSRI    = "sha256-BUq+OLHm+GO++kJYy/rxJ7HMlEDS4uNJsV0i5na1kec="
	layerDigest  = "sha256:cd0a524342efac6edff500c17e625735bbe479c926439b263bbe3c8518a0849c"
	layerBase16  = "cd0a524342efac6edff500c17e625735bbe479c926439b263bbe3c8518a0849c"
	layerBase32  = "1744l0c8ag5y7ck9nhr6r5wy9frmaxi7xh80ypgnxb7g891m42nd"
)

const hashForms = "expected a sha256 as 64 hexadecimal digits, as 52 characters of Nix base32, or as sha256-… (SRI)"

var parseHashTests = []struct {
	name string
	in   string
	want digest.Digest
	err  string
}{
	{name: "base16", in: configBase16, want: configDigest},
	{name: "base16 in upper case", in: strings.ToUpper(configBase16), want: configDigest},
	{name: "base16 with algorithm", in: configDigest, want: configDigest},
	{name: "base32", in: configBase32, want: configDigest},
	{name: "base32 with algorithm", in: "sha256:" + configBase32, want: configDigest},
	{name: "SRI", in: configSRI, want: configDigest},
	{name: "SRI with other padding bits, which Nix accepts", in: strings.TrimSuffix(configSRI, "c=") + "d=", want: configDigest},

	{name: "nothing", in: "", err: `hash: ` + hashForms},
	{name: "algorithm alone", in: "sha256:", err: `hash "sha256:": ` + hashForms},
	{name: "one digit missing", in: configBase16[1:], err: `hash "` + configBase16[1:] + `": ` + hashForms},
	{name: "not a digit", in: "x" + configBase16[1:], err: `hash "x` + configBase16[1:] + `": ` + hashForms},
	{name: "letter outside of base32", in: "e" + configBase32[1:], err: `hash "e` + configBase32[1:] + `": ` + hashForms},
	{name: "base32 of more than 256 bits", in: "z" + configBase32[1:], err: `hash "z` + configBase32[1:] + `": ` + hashForms},
	{name: "SRI of another algorithm", in: "sha512-" + strings.Repeat("A", 86) + "==", err: `hash "sha512-` + strings.Repeat("A", 86) + `==": ` + hashForms},
	{name: "base16 as SRI", in: "sha256-" + configBase16, err: `hash "sha256-` + configBase16 + `": ` + hashForms},
	{name: "SRI cut short", in: configSRI[:len(configSRI)-1], err: `hash "` + configSRI[:len(configSRI)-1] + `": ` + hashForms},
	{name: "sha512", in: "sha512:" + strings.Repeat("0f", 64), err: `hash "sha512:` + strings.Repeat("0f", 64) + `": ` + hashForms},
	{name: "md5", in: "5d41402abc4b2a76b9719d911017c592", err: `hash "5d41402abc4b2a76b9719d911017c592": ` + hashForms},
	// Found by FuzzParseHash: 44 characters of base64 are 31, 32 or 33 bytes,
	// fewer with line breaks, and go-nix does not check how many.
	{name: "SRI of 33 bytes", in: "sha256-" + strings.Repeat("A", 44), err: `hash "sha256-` + strings.Repeat("A", 44) + `": ` + hashForms},
	{name: "SRI of 31 bytes", in: "sha256-" + strings.Repeat("A", 42) + "==", err: `hash "sha256-` + strings.Repeat("A", 42) + `==": ` + hashForms},
	{name: "line breaks in SRI", in: "sha256-" + strings.Repeat("A", 40) + "\n\n\n\n", err: `hash "sha256-` + strings.Repeat("A", 40) + `\n\n\n\n": ` + hashForms},
	{name: "white space", in: configBase16 + "\n", err: `hash "` + configBase16 + `\n": ` + hashForms},
}

func TestParseHash(t *testing.T) {
	for _, tt := range parseHashTests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseHash(tt.in)
			checkError(t, err, tt.err)
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestFormatHash(t *testing.T) {
	for name, tt := range map[string]struct {
		format func(digest.Digest) (string, error)
		in     digest.Digest
		want   string
	}{
		"base32":        {Base32, configDigest, configBase32},
		"another":       {Base32, layerDigest, layerBase32},
		"empty content": {Base32, digest.FromString(""), "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73"},
		"SRI":           {SRI, configDigest, configSRI},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := tt.format(tt.in); err != nil || got != tt.want {
				t.Errorf("got %s, %v, want %s", got, err, tt.want)
			}
		})
	}
	for _, d := range []digest.Digest{"", "sha256", "sha256:", "sha256:x", "sha256:../..", `sha256:";${x}`} {
		if got, err := Base32(d); err == nil || got != "" {
			t.Errorf("%q in base32: %q, %v", d, got, err)
		}
		if got, err := SRI(d); err == nil || got != "" {
			t.Errorf("%q as SRI: %q, %v", d, got, err)
		}
	}
}

// FuzzParseHash: all forms of an accepted hash are equal, and an accepted hash
// uses only Nix's alphabets.
func FuzzParseHash(f *testing.F) {
	for _, tt := range parseHashTests {
		f.Add(tt.in)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseHash(s)
		if err != nil {
			var input *reference.InputError
			if d != "" || !errors.As(err, &input) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: got %q, %v", s, d, err)
			}
			return
		}
		if _, err := reference.ParseDigest(string(d)); err != nil || d.Algorithm() != digest.SHA256 {
			t.Fatalf("%q parses as %q, %v", s, d, err)
		}
		base32, err := Base32(d)
		if err != nil || len(base32) != 52 || strings.Trim(base32, "0123456789abcdfghijklmnpqrsvwxyz") != "" {
			t.Errorf("%s in base32 is %q, %v", d, base32, err)
		}
		sri, err := SRI(d)
		if err != nil || len(sri) != 51 || !strings.HasPrefix(sri, "sha256-") {
			t.Errorf("%s as SRI is %q, %v", d, sri, err)
		}
		for _, form := range []string{base32, "sha256:" + base32, sri, d.Encoded(), d.String()} {
			if again, err := ParseHash(form); err != nil || again != d {
				t.Errorf("%s prints as %s, which parses as %s, %v", d, form, again, err)
			}
		}
		body := strings.TrimPrefix(strings.TrimPrefix(s, "sha256:"), "sha256-")
		// The last two bits of base64 are padding.
		inBase64 := len(body) == 44 && strings.HasPrefix(sri, "sha256-"+body[:42])
		if !strings.EqualFold(body, d.Encoded()) && body != base32 && !inBase64 {
			t.Errorf("%q is not a form of %s", s, d)
		}
	})
}
