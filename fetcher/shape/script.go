package shape

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"regexp"

	"hocker/fetcher/archive"
)

// Any sh can run the scripts, executable or not.
const (
	streamScript = `#!/bin/sh
# Writes the archive of %s to standard output, for docker load and others.
exec '%s' compose '%s' "$@"
`
	loadScript = `#!/bin/sh
# Loads %s into the container engine of this machine.
exec '%s' load '%s' "$@"
`
)

// writeScript writes one of the scripts for the image in file.
func writeScript(b build, path, script, file string, composition archive.Composition) error {
	// The attribute hocker is the binary for the machine that runs the image.
	// It differs from the builder if the image is built on another kind of
	// machine.
	self, err := b.String("hocker")
	if self == "" && err == nil {
		self, err = b.String("builder")
	}
	switch {
	case err != nil:
		return err
	case self == "":
		return missingAttribute("hocker")
	}
	text := fmt.Sprintf(script, cmp.Or(composition.Reference, "an image"), self, file)
	return os.WriteFile(path, []byte(text), 0o777)
}

// maxScript is larger than any script, in bytes: a script has two store paths and a
// reference.
const maxScript = 4 << 10

// scriptLine matches the line of a script that runs hocker on an image.json.
var scriptLine = regexp.MustCompile(`(?m)^exec '[^'\n]+' (?:compose|load) '([^'\n]+)' "\$@"$`)

// ImageFile returns the path of the image.json in a script of the shape stream or load,
// or "" if the file at path is not such a script.
func ImageFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxScript))
	if err != nil || !bytes.HasPrefix(text, []byte("#!/bin/sh\n")) {
		return "", err
	}
	line := scriptLine.FindSubmatch(text)
	if line == nil {
		return "", nil
	}
	return string(line[1]), nil
}
