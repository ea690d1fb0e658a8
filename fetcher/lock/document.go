package lock

import (
	"bytes"
	"encoding/json"
	"errors"

	"hocker/fetcher/internal/strictjson"
)

// byteOrderMark is the byte order mark of UTF-8. Some editors write it at the start of a
// file, where Nix ignores it.
const byteOrderMark = "\ufeff"

// parseDocument parses a JSON document.
//
// Errors: *[FileError] without a path.
func parseDocument(data []byte) (*strictjson.Node, error) {
	data = bytes.TrimPrefix(data, []byte(byteOrderMark))
	root, err := strictjson.Parse(data)
	var key *strictjson.KeyError
	switch {
	case errors.As(err, &key):
		return nil, &FileError{Line: key.Line, Reason: key.Error()}
	case err != nil:
		return nil, syntaxError(data, err)
	}
	return root, nil
}

func syntaxError(data []byte, err error) error {
	var syntax *json.SyntaxError
	if len(bytes.TrimSpace(data)) == 0 || !errors.As(err, &syntax) {
		return &FileError{Reason: "the file is empty: remove it to start a new one"}
	}
	line := 1 + bytes.Count(data[:min(syntax.Offset, int64(len(data)))], []byte("\n"))
	if i := bytes.Index(data, []byte("<<<<<<< ")); i >= 0 {
		return &FileError{Line: 1 + bytes.Count(data[:i], []byte("\n")), Reason: "unresolved merge conflict: resolve it, or take either side and run `hocker lock update`"}
	}
	return &FileError{Line: line, Reason: "invalid JSON: " + err.Error()}
}
