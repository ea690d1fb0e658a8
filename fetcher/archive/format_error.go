package archive

import (
	"bytes"
	"io"
)

// FormatError reports a file or folder that does not hold an image.
type FormatError struct {
	Reason string
	// Decompressor is the program that decompresses the file, such as "xz", if it
	// is compressed.
	Decompressor string
}

func (e *FormatError) Error() string { return e.Reason }

// decompressors maps the first bytes of the other compressed files that docker load
// reads to the program for them:
// https://tukaani.org/xz/xz-file-format.txt, https://en.wikipedia.org/wiki/Bzip2#File_format.
var decompressors = map[string]string{
	"\xfd7zXZ\x00": "xz",
	"BZh":          "bzip2",
}

// checkUncompressed returns a [*FormatError] if a file is compressed.
func checkUncompressed(file io.ReaderAt) error {
	start := make([]byte, 8)
	n, err := file.ReadAt(start, 0)
	if err != nil && err != io.EOF {
		return err
	}
	start = start[:n]
	program := map[Compression]string{Gzip: "gzip", Zstd: "zstd"}[DetectCompression(start)]
	for magic, other := range decompressors {
		if bytes.HasPrefix(start, []byte(magic)) {
			program = other
		}
	}
	if program == "" {
		return nil
	}
	return &FormatError{Reason: "the archive is compressed", Decompressor: program}
}
