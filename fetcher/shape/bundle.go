package shape

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"hocker/fetcher/bundle"
)

// bundleScript mounts the root file system where only the runtime and its containers see
// it. Its texts are the reference, the EROFS file and the bundle.
const bundleScript = `#!/bin/sh
# Runs a command of crun, runc or another runtime in the bundle of %s, with its root
# file system mounted for that command and its containers only: run crun run NAME
set -eu
test $# -gt 0 || { echo "usage: $0 crun|runc run NAME" >&2; exit 2; }
exec unshare --mount sh -euc 'mount -t erofs -o ro,nodev "$1" "$2/%s"; cd "$2"; shift 2; exec "$@"' sh '%s' '%s' "$@"
`

// buildBundle makes an OCI runtime bundle, and the script bin/run for it.
func buildBundle(_ context.Context, b build, out string) error {
	reference, process, err := readProcess(b)
	if err != nil {
		return err
	}
	rootfs, err := required(b, "rootfs")
	if err != nil {
		return err
	}
	text, err := b.Text("capabilities")
	if err != nil {
		return err
	}
	var asRoot []string
	if err := json.Unmarshal(text, &asRoot); err != nil {
		return fmt.Errorf("attribute capabilities: %w", err)
	}
	data, err := json.MarshalIndent(bundle.New(process, asRoot), "", "  ")
	if err != nil {
		return err
	}
	for _, dir := range []string{bundle.RootFolder, "bin"} {
		if err := os.MkdirAll(filepath.Join(out, dir), 0o777); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(out, "config.json"), append(data, '\n'), 0o666); err != nil {
		return err
	}
	script := fmt.Sprintf(bundleScript, cmp.Or(reference, "an image"), bundle.RootFolder, rootfs, out)
	return os.WriteFile(filepath.Join(out, "bin/run"), []byte(script), 0o777)
}
