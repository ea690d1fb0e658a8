package servers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
)

// System is the suite of the programs that are in PATH.
const System = "system"

// Programs are the commands of a Debian package: those in PATH, or those of another
// suite, unpacked by test/suites.sh. The zero value means those in PATH.
type Programs struct {
	dir string // empty for those in PATH
}

// FindPrograms finds the commands of a package in a Debian suite, which is System or
// one in suites.txt. The commands of this machine's own suite are in PATH.
func FindPrograms(suite, pkg string) (Programs, error) {
	if suite == System || suite == ownSuite() {
		return Programs{}, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return Programs{}, err
	}
	p := Programs{filepath.Join(cache, "hocker-test", "debian", suite, "programs", pkg)}
	if _, err := os.Stat(p.dir); err != nil {
		return Programs{}, fmt.Errorf("%s of Debian %s is not unpacked (%w): run test/suites.sh", pkg, suite, err)
	}
	return p, nil
}

// ownSuite is the code name of this machine's Debian, or empty.
func ownSuite() string {
	release, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return ""
	}
	name := versionCodename.FindSubmatch(release)
	if name == nil {
		return ""
	}
	return string(name[1])
}

var versionCodename = regexp.MustCompile(`(?m)^VERSION_CODENAME="?(\w+)"?$`)

// LookPath finds a command.
func (p Programs) LookPath(program string) (string, error) {
	if p.dir == "" {
		return lookPath(program)
	}
	return exec.LookPath(filepath.Join(p.dir, program))
}

// Path returns a PATH with the commands first.
func (p Programs) Path(path string) string {
	if p.dir == "" {
		return path
	}
	return p.dir + ":" + path
}

// Tree returns the folder with the /usr that the commands see.
func (p Programs) Tree() string {
	if p.dir == "" {
		return "/"
	}
	return filepath.Join(p.dir, "..", "..")
}

// Version returns the version that a command prints, such as "2.26.3".
func (p Programs) Version(program string) (string, error) {
	path, err := p.LookPath(program)
	if err != nil {
		return "", err
	}
	output, err := exec.Command(path, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("%s --version: %w", path, err)
	}
	version := printedVersion.FindSubmatch(output)
	if version == nil {
		return "", fmt.Errorf("%s --version: no version in %q", path, output)
	}
	return string(version[1]), nil
}

// printedVersion matches a version that is a whole word outside parentheses.
var printedVersion = regexp.MustCompile(`\s(\d+\.\d+(?:\.\d+)?)[^\s,()]*(?:,|\s|$)`)
