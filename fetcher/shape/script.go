package shape

import (
	"cmp"
	"fmt"
	"os"

	"hocker/fetcher/archive"
)

// The scripts are plain enough to be run by any sh, whether they are executable
// or not.
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
	// hocker is the binary for the machine that runs the image; it differs from
	// the builder where the image is built on another kind of machine.
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
