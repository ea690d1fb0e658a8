package servers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// SystemNix is the origin of the Nix that is in PATH.
const SystemNix = "system"

// Nix is a generation of Nix: this machine's own, or one that test/nix.sh has
// unpacked beside it. The zero value is this machine's, whichever that is.
type Nix struct {
	Version string // as "2.26.3"
	Origin  string // SystemNix, or the suite of Debian that it is from

	programs string // the folder of its commands, empty for those in PATH
}

// nixVersion matches the end of the output of nix --version.
var nixVersion = regexp.MustCompile(`(\d+\.\d+(\.\d+)?)\S*\n$`)

// FindNix finds a Nix by its origin.
func FindNix(origin string) (Nix, error) {
	n := Nix{Origin: origin}
	if origin != SystemNix {
		cache, err := os.UserCacheDir()
		if err != nil {
			return Nix{}, err
		}
		n.programs = filepath.Join(cache, "hocker-test", "nix", origin, "programs")
		if _, err := os.Stat(n.programs); err != nil {
			return Nix{}, fmt.Errorf("the Nix of Debian %s is not unpacked (%w): run test/nix.sh", origin, err)
		}
	}
	path, err := n.lookPath("nix")
	if err != nil {
		return Nix{}, err
	}
	output, err := exec.Command(path, "--version").Output()
	if err != nil {
		return Nix{}, fmt.Errorf("%s --version: %w", path, err)
	}
	version := nixVersion.FindSubmatch(output)
	if version == nil {
		return Nix{}, fmt.Errorf("%s --version: no version in %q", path, output)
	}
	n.Version = string(version[1])
	return n, nil
}

// lookPath finds a command of this Nix.
func (n Nix) lookPath(program string) (string, error) {
	if n.programs == "" {
		return lookPath(program)
	}
	return exec.LookPath(filepath.Join(n.programs, program))
}

// Path returns a PATH with the commands of this Nix first.
func (n Nix) Path(path string) string {
	if n.programs == "" {
		return path
	}
	return n.programs + ":" + path
}

// AtLeast reports whether the version of this Nix is at least version, such as "2.19".
func (n Nix) AtLeast(version string) bool {
	have, want := strings.Split(n.Version, "."), strings.Split(version, ".")
	for i := range want {
		if i >= len(have) {
			return false
		}
		a, _ := strconv.Atoi(have[i])
		b, _ := strconv.Atoi(want[i])
		if a != b {
			return a > b
		}
	}
	return true
}
