package test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// screen emulates a terminal, including the lines that have scrolled off its top. It
// supports what hocker may use: line ends, cursor up, and erase to the end. Anything
// else is shown literally.
type screen struct {
	columns, rows int

	mu       sync.Mutex
	lines    [][]rune // all lines; the window shows the last rows of them
	row      int      // the cursor's index in lines
	column   int      // the cursor's column; after the last one, the next rune wraps
	sequence string   // an incomplete escape sequence
}

func newScreen(columns, rows int) *screen {
	return &screen{columns: columns, rows: rows, lines: make([][]rune, 1)}
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// hocker writes only complete runes.
	for _, r := range string(p) {
		s.put(r)
	}
	return len(p), nil
}

func (s *screen) put(r rune) {
	switch {
	case s.sequence != "":
		s.escape(r)
	case r == '\x1b':
		s.sequence = string(r)
	case r == '\r':
		s.column = 0
	case r == '\n':
		s.feed()
	default:
		if s.column == s.columns {
			s.column = 0
			s.feed()
		}
		line := s.lines[s.row]
		for len(line) <= s.column {
			line = append(line, ' ')
		}
		line[s.column] = r
		s.lines[s.row] = line
		s.column++
	}
}

func (s *screen) feed() {
	if s.row++; s.row == len(s.lines) {
		s.lines = append(s.lines, nil)
	}
}

// escape adds a rune to the escape sequence and executes it once it is complete.
func (s *screen) escape(r rune) {
	s.sequence += string(r)
	if r == '[' || r >= '0' && r <= '?' {
		return
	}
	sequence, up := s.sequence, 0
	s.sequence = ""
	switch n, _ := fmt.Sscanf(sequence, "\x1b[%dA", &up); {
	case n == 1 && strings.HasSuffix(sequence, "A"):
		s.row = max(s.row-up, len(s.lines)-s.rows, 0)
	case sequence == "\x1b[J":
		s.lines[s.row] = s.lines[s.row][:min(s.column, len(s.lines[s.row]))]
		for i := s.row + 1; i < len(s.lines); i++ {
			s.lines[i] = nil
		}
	default:
		for _, r := range fmt.Sprintf("%q", sequence) {
			s.put(r)
		}
	}
}

// String returns the text up to the last line that is not empty.
func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	for _, line := range s.lines {
		b.WriteString(strings.TrimRight(string(line), " ") + "\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func TestScreen(t *testing.T) {
	for written, want := range map[string]string{
		"a\r\nb\r\n":                    "a\nb\n",
		"50 %\r100 %":                   "100 %\n",
		"12345678901":                   "1234567890\n1\n",
		"1234567890\r\nx":               "1234567890\nx\n",
		"a\r\nb\r\n\x1b[2A\x1b[Jc\r\n":  "c\n",
		"a\r\nb\r\nc\r\n\x1b[9A\x1b[Jx": "a\nx\n", // a has scrolled off the top
		"\x1b[31mred":                   "\"\\x1b[31m\"\nred\n",
	} {
		s := newScreen(10, 3)
		fmt.Fprint(s, written)
		if got := s.String(); got != want {
			t.Errorf("%q shows %q, want %q", written, got, want)
		}
	}
}
