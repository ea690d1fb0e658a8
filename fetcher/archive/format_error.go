package archive

// FormatError reports a file or folder that does not hold an image.
type FormatError struct {
	Reason string
	// Compression is how the file is compressed, if that is the reason.
	Compression Compression
}

func (e *FormatError) Error() string { return e.Reason }
