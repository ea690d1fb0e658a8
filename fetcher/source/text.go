package source

import (
	"bytes"
	"errors"
	"io/fs"
	"iter"
	"regexp"
	"unicode/utf8"

	"hocker/fetcher/bounded"
)

// maxText limits what is no YAML, in bytes: a Dockerfile, a quadlet file, or the .env
// files of a compose project together.
const maxText = 1 << 20

// open returns the text of a file, without a byte order mark. from is the place that names
// the file, if it is another one that does.
//
// Errors: *[Error], those of Open.
func (r Reader) open(path string, from place) ([]byte, error) {
	data, err := r.Open(path)
	if err == nil {
		return decode(path, data)
	}
	if from.file != "" && errors.As(err, new(*fs.PathError)) {
		err = from.errorf("%w", err)
	}
	return nil, err
}

// openText is open for what is no YAML.
func (r Reader) openText(path string, from place) ([]byte, error) {
	data, err := r.open(path, from)
	if len(data) > maxText {
		return nil, &Error{path, 0, &bounded.TooLargeError{Limit: maxText, What: "a file that is no YAML"}}
	}
	return data, err
}

// decode removes a byte order mark, and rejects what is no text.
func decode(path string, data []byte) ([]byte, error) {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return nil, &Error{path, 0, errors.New("it is UTF-16: save it as UTF-8")}
	}
	if i := bytes.IndexByte(data, 0); i >= 0 {
		return nil, &Error{path, lineAt(data, i), errors.New("it has a zero byte, as no text has")}
	}
	return bytes.TrimPrefix(data, []byte("\ufeff")), nil
}

func lineAt(data []byte, i int) int { return 1 + bytes.Count(data[:i], []byte("\n")) }

// oddLine returns the first line with bytes that YAML does not allow, or 0.
func oddLine(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		control := r < ' ' && r != '\t' && r != '\n' && r != '\r' || 0x7f <= r && r < 0xa0 && r != 0x85
		if control || r == utf8.RuneError && size == 1 {
			return lineAt(data, i)
		}
		i += size
	}
	return 0
}

// yamlBreak matches a line break of YAML 1.1, which has more of them.
var yamlBreak = regexp.MustCompile("\r\n|[\n\r\u0085\u2028\u2029]")

// yamlLines returns the lines of a text as the YAML library counts them.
func yamlLines(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for text != "" {
			line := text
			if found := yamlBreak.FindStringIndex(text); found != nil {
				line = text[:found[1]]
			}
			if !yield(line) {
				return
			}
			text = text[len(line):]
		}
	}
}
