package erofs

import (
	"archive/tar"
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"hocker/fetcher/bytecount"
)

const blockSize = 512

// Writer writes a tar archive for mkfs.erofs, of entries as a [Reader] returns them.
//
// It differs from [tar.Writer] in what mkfs.erofs misreads: a fraction of a second
// is nine digits, and every entry has its time in a PAX record, without which
// nanoseconds are those of chance.
type Writer struct {
	w    *bufio.Writer
	root *tar.Header // the entry of the root
	left int64       // of the content of the current entry
	pad  int64
}

// NewWriter returns a Writer to w. Close it.
func NewWriter(w io.Writer) *Writer {
	return &Writer{w: bufio.NewWriterSize(w, bufferSize)}
}

// WriteHeader implements [EntryWriter].
func (w *Writer) WriteHeader(header *tar.Header) error {
	if err := w.finish(); err != nil {
		return err
	}
	switch {
	case header.Name == root:
		w.root = header
	case header.Name == opaqueMarker && w.root != nil:
		// mkfs.erofs knows markers in folders below the root only.
		header = opaque(w.root)
	}
	name, records := header.Name, paxRecords(header)
	if name == root {
		name = "./"
	}
	if err := w.block(tar.TypeXHeader, &tar.Header{Name: "PaxHeader", Size: int64(len(records))}); err != nil {
		return err
	}
	if _, err := w.w.Write(records); err != nil {
		return err
	}
	if err := w.zeros(padding(int64(len(records)))); err != nil {
		return err
	}
	w.left, w.pad = header.Size, padding(header.Size)
	short := *header
	short.Name = name
	return w.block(header.Typeflag, &short)
}

// Write writes content of the current entry.
func (w *Writer) Write(p []byte) (int, error) {
	if int64(len(p)) > w.left {
		return 0, tar.ErrWriteTooLong
	}
	n, err := w.w.Write(p)
	w.left -= int64(n)
	return n, err
}

// Close ends the archive. It does not close the underlying writer.
func (w *Writer) Close() error {
	if err := w.finish(); err != nil {
		return err
	}
	if err := w.zeros(2 * blockSize); err != nil {
		return err
	}
	return w.w.Flush()
}

// finish ends the current entry.
func (w *Writer) finish() error {
	if w.left > 0 {
		return fmt.Errorf("an entry is %s too short", bytecount.Format(w.left))
	}
	pad := w.pad
	w.pad = 0
	return w.zeros(pad)
}

func padding(size int64) int64 { return -size & (blockSize - 1) }

func (w *Writer) zeros(n int64) error {
	var block [blockSize]byte
	for n > 0 {
		m, err := w.w.Write(block[:min(n, blockSize)])
		if err != nil {
			return err
		}
		n -= int64(m)
	}
	return nil
}

// block writes the header block of an entry. What does not fit is in its PAX
// records.
// https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06
func (w *Writer) block(typeflag byte, h *tar.Header) error {
	var b [blockSize]byte
	copy(b[0:100], h.Name)
	octal(b[100:108], h.Mode)
	octal(b[108:116], int64(h.Uid))
	octal(b[116:124], int64(h.Gid))
	octal(b[124:136], h.Size)
	octal(b[136:148], 0) // the time
	copy(b[148:156], "        ")
	b[156] = typeflag
	copy(b[157:257], h.Linkname)
	copy(b[257:265], "ustar\x0000")
	octal(b[329:337], h.Devmajor)
	octal(b[337:345], h.Devminor)
	var sum int64
	for _, c := range b {
		sum += int64(c)
	}
	octal(b[148:155], sum)
	_, err := w.w.Write(b[:])
	return err
}

// octal writes a number into a field, with a zero byte after it, or 0 if it does not
// fit.
func octal(field []byte, n int64) {
	digits := len(field) - 1
	if n>>(3*digits) != 0 {
		n = 0
	}
	copy(field, fmt.Sprintf("%0*o", digits, n))
}

// paxRecords returns the records of an entry, always in the same order.
func paxRecords(h *tar.Header) []byte {
	var records []byte
	add := func(key, value string) { records = append(records, paxRecord(key, value)...) }
	add("mtime", fmt.Sprintf("%d.%09d", h.ModTime.Unix(), h.ModTime.Nanosecond()))
	if len(h.Name) > 100 {
		add("path", h.Name)
	}
	if len(h.Linkname) > 100 {
		add("linkpath", h.Linkname)
	}
	if h.Size>>33 != 0 {
		add("size", strconv.FormatInt(h.Size, 10))
	}
	if h.Uid>>21 != 0 {
		add("uid", strconv.Itoa(h.Uid))
	}
	if h.Gid>>21 != 0 {
		add("gid", strconv.Itoa(h.Gid))
	}
	for _, key := range slices.Sorted(maps.Keys(h.PAXRecords)) {
		add(key, h.PAXRecords[key])
	}
	return records
}

// paxRecord returns "LENGTH KEY=VALUE\n". The length counts its own digits.
func paxRecord(key, value string) string {
	rest := " " + key + "=" + value + "\n"
	size := len(rest)
	for {
		record := strconv.Itoa(size) + rest
		if len(record) == size {
			return record
		}
		size = len(record)
	}
}

// opaque returns the entry of a folder once more, which now hides what is below it
// in lower layers.
func opaque(folder *tar.Header) *tar.Header {
	again := *folder
	again.PAXRecords = map[string]string{xattrRecord + opaqueXattr: "y"}
	return &again
}
