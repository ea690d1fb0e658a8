package servers

import (
	"strconv"
	"strings"
)

// Nix is a version of Nix: this machine's, or that of another Debian suite. The zero
// value means this machine's.
type Nix struct {
	Version string // such as "2.26.3"
	Origin  string // System, or a Debian suite

	programs Programs
}

// FindNix finds a Nix by its origin.
func FindNix(origin string) (n Nix, err error) {
	n.Origin = origin
	if n.programs, err = FindPrograms(origin, "nix-bin"); err != nil {
		return Nix{}, err
	}
	n.Version, err = n.programs.Version("nix")
	return n, err
}

// Path returns a PATH with the commands of this Nix first.
func (n Nix) Path(path string) string { return n.programs.Path(path) }

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
