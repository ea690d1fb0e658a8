package content

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/opencontainers/go-digest"
)

var errSource = errors.New("source broke")

var verifyTests = []struct {
	name    string
	src     io.Reader
	want    digest.Digest
	size    int64
	content string // what is read; more than the right content never is
	err     string
	verify  *VerifyError
}{
	{name: "exact", src: strings.NewReader("hello"), want: helloDigest, size: 5, content: "hello"},
	{name: "unknown size", src: strings.NewReader("hello"), want: helloDigest, size: SizeUnknown, content: "hello"},
	{name: "sha512", src: strings.NewReader("hello"), want: helloSHA512, size: 5, content: "hello"},
	{name: "empty", src: strings.NewReader(""), want: digest.FromString(""), size: 0},
	{name: "byte by byte", src: iotest.OneByteReader(strings.NewReader("hello")), want: helloDigest, size: 5, content: "hello"},
	{name: "end with the data", src: iotest.DataErrReader(strings.NewReader("hello")), want: helloDigest, size: 5, content: "hello"},
	{
		name: "wrong", src: strings.NewReader("wrong"), want: helloDigest, size: 5, content: "wrong",
		err:    "content does not match its digest: want " + string(helloDigest) + ", got " + string(wrongDigest) + " (5 bytes)",
		verify: &VerifyError{Want: helloDigest, Got: wrongDigest, Read: 5, Size: 5},
	},
	{
		name: "wrong, unknown size", src: strings.NewReader("wrong"), want: helloDigest, size: SizeUnknown, content: "wrong",
		err:    "content does not match its digest: want " + string(helloDigest) + ", got " + string(wrongDigest) + " (5 bytes)",
		verify: &VerifyError{Want: helloDigest, Got: wrongDigest, Read: 5, Size: SizeUnknown},
	},
	{
		name: "right content of the wrong size", src: strings.NewReader("hello"), want: helloDigest, size: 6, content: "hello",
		err:    "content has the wrong size: " + string(helloDigest) + " has 5 bytes, expected 6",
		verify: &VerifyError{Want: helloDigest, Got: helloDigest, Read: 5, Size: 6},
	},
	{
		name: "short", src: strings.NewReader("hell"), want: helloDigest, size: 5, content: "hell",
		err:    "content is too short: expected 5 bytes for " + string(helloDigest) + ", received 4",
		verify: &VerifyError{Want: helloDigest, Got: digest.FromString("hell"), Read: 4, Size: 5},
	},
	{
		name: "long in one piece", src: strings.NewReader("hello!"), want: helloDigest, size: 5,
		err:    "content is too long: expected 5 bytes for " + string(helloDigest) + ", received more",
		verify: &VerifyError{Want: helloDigest, Read: 6, Size: 5},
	},
	{
		name: "long after the end", src: io.MultiReader(strings.NewReader("hello"), strings.NewReader("!")), want: helloDigest, size: 5, content: "hello",
		err:    "content is too long: expected 5 bytes for " + string(helloDigest) + ", received more",
		verify: &VerifyError{Want: helloDigest, Read: 6, Size: 5},
	},
	{name: "broken source", src: io.MultiReader(strings.NewReader("hel"), iotest.ErrReader(errSource)), want: helloDigest, size: 5, content: "hel", err: "source broke"},
	{name: "broken source at the end", src: io.MultiReader(strings.NewReader("hello"), iotest.ErrReader(io.ErrUnexpectedEOF)), want: helloDigest, size: 5, content: "hello", err: "unexpected EOF"},
}

func TestVerify(t *testing.T) {
	for _, tt := range verifyTests {
		t.Run(tt.name, func(t *testing.T) {
			r := Verify(tt.src, tt.want, tt.size)
			content, err := io.ReadAll(r)
			checkError(t, err, tt.err)
			if string(content) != tt.content {
				t.Errorf("read %q, want %q", content, tt.content)
			}
			var mismatch *VerifyError
			if errors.As(err, &mismatch); (mismatch == nil) != (tt.verify == nil) || mismatch != nil && *mismatch != *tt.verify {
				t.Errorf("got %+v, want %+v", mismatch, tt.verify)
			}
			if errors.Is(err, io.EOF) {
				t.Errorf("%v is io.EOF", err)
			}
			checkSticky(t, r, err)
		})
	}
}

// checkSticky checks that reading on returns the same error.
func checkSticky(t *testing.T, r io.Reader, err error) {
	t.Helper()
	if err == nil {
		err = io.EOF // which io.ReadAll takes away
	}
	for range 2 {
		if n, again := r.Read(make([]byte, 8)); n != 0 || again != err {
			t.Errorf("reading on gives %d, %v, want %v again", n, again, err)
		}
	}
}

// FuzzVerify checks that, however the content is split, io.EOF means that it
// matches.
func FuzzVerify(f *testing.F) {
	f.Add([]byte("hello"), []byte("hello"), int64(5), uint8(0))
	f.Add([]byte("hello"), []byte("hello!"), int64(5), uint8(1))
	f.Add([]byte("hello"), []byte("hell"), int64(SizeUnknown), uint8(2))
	f.Add([]byte(""), []byte(""), int64(0), uint8(3))
	f.Fuzz(func(t *testing.T, want, sent []byte, size int64, pieces uint8) {
		var src io.Reader = bytes.NewReader(sent)
		if pieces&1 != 0 {
			src = iotest.HalfReader(src)
		}
		if pieces&2 != 0 {
			src = iotest.DataErrReader(src)
		}
		got, err := io.ReadAll(Verify(src, digest.FromBytes(want), size))
		right := bytes.Equal(want, sent) && (size == SizeUnknown || size == int64(len(want)))
		var mismatch *VerifyError
		switch {
		case right && (err != nil || !bytes.Equal(got, want)):
			t.Errorf("right content ends with %v", err)
		case !right && !errors.As(err, &mismatch):
			t.Errorf("%q of size %d for %q ends with %v", sent, size, want, err)
		}
	})
}
